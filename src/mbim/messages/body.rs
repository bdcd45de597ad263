//! Reads a struct member by member; each method is a form that a member may have on the
//! wire (MBIM 1.0, 10.3; Microsoft's forms where said).

use std::cell::Cell;

use super::codec::Struct;
use super::values::{Number, Raw, Text, Tlv, from_utf16};
use crate::mbim::frame::length_of;
use crate::mbim::service::Uuid;
use crate::wire::{Malformed, Reader, window};

/// Reads the members of one struct.
pub struct Body<'a> {
    /// From the struct's begin to the end of the buffer: offsets count from here.
    base: &'a [u8],
    fixed: Reader<'a>,
    /// Bytes of the fixed part when nothing was read yet.
    length: usize,
    /// Bytes that pieces may still take, in the whole message.
    budget: &'a Cell<usize>,
    /// Bytes of the variable part that this struct used, padding included.
    variable: usize,
}

impl<'a> Body<'a> {
    pub(super) fn new(bytes: &'a [u8], budget: &'a Cell<usize>) -> Self {
        Body { base: bytes, fixed: Reader::new(bytes), length: bytes.len(), budget, variable: 0 }
    }

    /// The struct that begins at `offset`, with `length` bytes if that is known.
    fn inner(&self, offset: u32, length: Option<u32>) -> Result<Body<'a>, Malformed> {
        let rest = length_of(self.base).checked_sub(offset).ok_or(Malformed("struct outside"))?;
        let base = window(self.base, offset, rest)?;
        // Modems were seen whose last struct claims more than there is; its members decide.
        let fixed = window(base, 0, length.unwrap_or(rest).min(rest))?;
        Ok(Body { base, fixed: Reader::new(fixed), length: fixed.len(), budget: self.budget, variable: 0 })
    }

    /// A piece of the variable part; paid from the budget, so that a buffer of overlapping
    /// pieces cannot be made to grow.
    fn piece(&mut self, offset: u32, length: u32) -> Result<&'a [u8], Malformed> {
        let piece = window(self.base, offset, length)?;
        let left = self.budget.get().checked_sub(piece.len()).ok_or(Malformed("overlapping pieces"))?;
        self.budget.set(left);
        self.variable = self.variable.saturating_add(piece.len().next_multiple_of(4));
        Ok(piece)
    }

    /// Bytes in place, of which only their owner knows what they are.
    fn raw(&mut self, length: usize) -> Result<Raw, Malformed> {
        self.fixed.take(length).map(Raw::from)
    }

    fn pair(&mut self) -> Result<(u32, u32), Malformed> {
        Ok((self.fixed.u32_le()?, self.fixed.u32_le()?))
    }

    /// An element count, refused where not even the elements' fixed parts would fit.
    fn count(&mut self, element: usize) -> Result<usize, Malformed> {
        let count = usize::try_from(self.fixed.u32_le()?).unwrap_or(usize::MAX);
        if count > self.fixed.remaining() / element {
            return Err(Malformed("more elements than bytes"));
        }
        Ok(count)
    }

    fn string(&mut self) -> Result<String, Malformed> {
        let (offset, size) = self.pair()?;
        if size == 0 {
            return Ok(String::new());
        }
        Ok(self.piece(offset, size).map(from_utf16).unwrap_or_default())
    }

    pub fn number<T: Number>(&mut self) -> Result<T, Malformed> {
        self.fixed.u32_le().map(T::from_wire)
    }

    pub(super) fn octets<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.fixed.array()
    }

    pub fn short(&mut self) -> Result<u16, Malformed> {
        self.fixed.u16_le()
    }

    pub fn long(&mut self) -> Result<u64, Malformed> {
        self.fixed.u64_le()
    }

    /// A UUID in place.
    pub fn uuid<T: From<Uuid>>(&mut self) -> Result<T, Malformed> {
        self.fixed.array().map(|bytes| Uuid(bytes).into())
    }

    /// Offset and size of a text.
    pub fn text<T: Text>(&mut self) -> Result<T, Malformed> {
        self.string().map(T::from_wire)
    }

    /// A count, then offset and size of each text.
    pub fn texts<T: Text>(&mut self) -> Result<Vec<T>, Malformed> {
        (0..self.count(8)?).map(|_| self.text()).collect()
    }

    /// Offset and size of bytes.
    pub fn bytes(&mut self) -> Result<Raw, Malformed> {
        let (offset, size) = self.pair()?;
        if size == 0 {
            return Ok(Raw::default());
        }
        self.piece(offset, size).map(Raw::from)
    }

    /// A size, then the bytes in place.
    pub fn counted(&mut self) -> Result<Raw, Malformed> {
        let size = self.count(1)?;
        self.raw(size)
    }

    /// Exactly `length` bytes in place.
    pub fn block(&mut self, length: usize) -> Result<Raw, Malformed> {
        self.raw(length)
    }

    /// Everything to the end of the buffer.
    pub fn rest(&mut self) -> Result<Raw, Malformed> {
        self.raw(self.fixed.remaining())
    }

    /// A count, then as many numbers in place.
    pub fn numbers(&mut self) -> Result<Vec<u32>, Malformed> {
        (0..self.count(4)?).map(|_| self.fixed.u32_le()).collect()
    }

    /// A struct in place.
    ///
    /// Offsets in it count from its own begin (10.6.4: the PDU of SMS_SEND).
    pub fn nested<T: Struct>(&mut self) -> Result<T, Malformed> {
        let mut inner = Body {
            base: self.base.get(self.length.saturating_sub(self.fixed.remaining())..).unwrap_or_default(),
            fixed: self.fixed.clone(),
            length: self.fixed.remaining(),
            budget: self.budget,
            variable: 0,
        };
        let value = T::read(&mut inner)?;
        self.fixed = inner.fixed.clone();
        self.variable = self.variable.saturating_add(inner.variable);
        Ok(value)
    }

    /// A count, then offset and size of each struct.
    pub fn structs<T: Struct>(&mut self) -> Result<Vec<T>, Malformed> {
        let count = self.count(8)?;
        self.pairs(count)
    }

    /// As `structs`, but with a further number behind the count (DEVICE_SERVICES).
    pub fn structs_apart<T: Struct>(&mut self) -> Result<(u32, Vec<T>), Malformed> {
        let count = self.count(8)?;
        Ok((self.fixed.u32_le()?, self.pairs(count)?))
    }

    fn pairs<T: Struct>(&mut self, count: usize) -> Result<Vec<T>, Malformed> {
        let mut structs = Vec::new();
        for _ in 0..count {
            structs.push(T::read(&mut self.next_pair()?)?);
        }
        Ok(structs)
    }

    fn next_pair(&mut self) -> Result<Body<'a>, Malformed> {
        let (offset, size) = self.pair()?;
        self.inner(offset, Some(size))
    }

    /// A count and the offset of that many structs of fixed size, one behind the other.
    pub fn packed<T: Struct>(&mut self) -> Result<Vec<T>, Malformed> {
        let (count, mut inner) = self.begin_packed()?;
        let mut structs = Vec::new();
        for _ in 0..count {
            structs.push(T::read(&mut inner)?);
        }
        Ok(structs)
    }

    fn begin_packed(&mut self) -> Result<(u32, Body<'a>), Malformed> {
        let (count, offset) = self.pair()?;
        let inner = self.inner(if count == 0 { 0 } else { offset }, None)?;
        if usize::try_from(count).unwrap_or(usize::MAX) > inner.fixed.remaining() {
            return Err(Malformed("more elements than bytes"));
        }
        Ok((count, inner))
    }

    /// The offset of one struct of fixed size, 0 for none.
    pub fn at<T: Struct>(&mut self) -> Result<Option<T>, Malformed> {
        match self.fixed.u32_le()? {
            0 => Ok(None),
            offset => T::read(&mut self.inner(offset, None)?).map(Some),
        }
    }

    /// Offset and size of one struct, 0 for none (Microsoft).
    pub fn held<T: Struct>(&mut self) -> Result<Option<T>, Malformed> {
        match self.pair()? {
            (0, _) => Ok(None),
            (offset, size) => T::read(&mut self.inner(offset, Some(size))?).map(Some),
        }
    }

    /// Offset and size of a list: a count, then structs with their texts, one behind the
    /// other (Microsoft).
    pub fn list<T: Struct>(&mut self) -> Result<Vec<T>, Malformed> {
        let (count, mut offset) = self.begin_list()?;
        let mut list = Vec::new();
        for _ in 0..count {
            let mut inner = self.inner(offset, None)?;
            list.push(T::read(&mut inner)?);
            offset = offset.saturating_add(inner.used());
        }
        Ok(list)
    }

    /// How many, and where the first one is.
    fn begin_list(&mut self) -> Result<(usize, u32), Malformed> {
        let (offset, _) = self.pair()?;
        let count = if offset == 0 { 0 } else { self.inner(offset, None)?.count(4)? };
        Ok((count, offset.saturating_add(4)))
    }

    /// What was read of both parts.
    fn used(&self) -> u32 {
        let fixed = self.length.saturating_sub(self.fixed.remaining());
        u32::try_from(fixed.saturating_add(self.variable)).unwrap_or(u32::MAX)
    }

    /// Type-length-value elements to the end of the buffer (MBIMEx 3). What does not look
    /// like one ends the list.
    pub fn tlvs(&mut self) -> Result<Vec<Tlv>, Malformed> {
        let mut tlvs = Vec::new();
        while let Ok(tlv) = self.tlv() {
            tlvs.push(tlv);
        }
        Ok(tlvs)
    }

    pub fn tlv(&mut self) -> Result<Tlv, Malformed> {
        let kind = self.fixed.u16_le()?;
        let [_reserved, padding] = self.fixed.array()?;
        let length = self.count(1)?;
        let data = self.raw(length)?;
        // Some modems leave out what would pad the last element.
        self.fixed.take(usize::from(padding).min(self.fixed.remaining()))?;
        Ok(Tlv { kind, data })
    }

    /// A size, then the offsets of two byte strings of that size (packet filter and mask).
    pub fn twins(&mut self) -> Result<(Raw, Raw), Malformed> {
        let size = self.fixed.u32_le()?;
        let (one, two) = self.pair()?;
        Ok((self.piece(one, size)?.into(), self.piece(two, size)?.into()))
    }
}
