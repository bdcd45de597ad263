//! Writes a struct member by member; each method is a form on the wire and the
//! counterpart of the method of the same name in `body`.

use super::codec::{Struct, emit};
use super::values::{Number, Raw, Text, Tlv, utf16};
use crate::mbim::frame::length_of;
use crate::mbim::service::Uuid;

/// Writes the members of one struct.
#[derive(Debug, Default)]
pub struct Builder {
    fixed: Vec<u8>,
    variable: Vec<u8>,
    /// Where in `fixed` an offset stands that still counts from the variable part, and
    /// where the struct begins that it belongs to.
    offsets: Vec<(usize, u32)>,
    begin: u32,
}

impl Builder {
    /// Fixed and variable part joined, offsets counted from the struct's begin.
    pub fn finish(mut self) -> Vec<u8> {
        let base = length_of(&self.fixed);
        for (at, begin) in self.offsets {
            if let Some(field) = self.fixed.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<4>()) {
                *field = u32::from_le_bytes(*field).saturating_add(base.saturating_sub(begin)).to_le_bytes();
            }
        }
        self.fixed.append(&mut self.variable);
        self.fixed
    }

    fn u32(&mut self, value: u32) {
        self.fixed.extend_from_slice(&value.to_le_bytes());
    }

    fn offset(&mut self) {
        self.offsets.push((self.fixed.len(), self.begin));
        self.u32(length_of(&self.variable));
    }

    fn append(&mut self, piece: &[u8]) {
        self.variable.extend_from_slice(piece);
        self.variable.resize(self.variable.len().next_multiple_of(4), 0);
    }

    fn piece(&mut self, piece: &[u8]) {
        if piece.is_empty() {
            self.u32(0);
        } else {
            self.offset();
        }
        self.u32(length_of(piece));
        self.append(piece);
    }

    fn count<T>(&mut self, list: &[T]) {
        self.u32(u32::try_from(list.len()).unwrap_or(u32::MAX));
    }

    pub fn number<T: Number>(&mut self, value: &T) {
        self.u32(value.to_wire());
    }

    pub(super) fn octets(&mut self, octets: &[u8]) {
        self.fixed.extend_from_slice(octets);
    }

    pub fn short(&mut self, value: &u16) {
        self.fixed.extend_from_slice(&value.to_le_bytes());
    }

    pub fn long(&mut self, value: &u64) {
        self.fixed.extend_from_slice(&value.to_le_bytes());
    }

    pub fn uuid<T: Copy + Into<Uuid>>(&mut self, value: &T) {
        let uuid: Uuid = (*value).into();
        self.fixed.extend_from_slice(&uuid.0);
    }

    pub fn text<T: Text>(&mut self, value: &T) {
        self.piece(&utf16(value.to_wire()));
    }

    pub fn texts<T: Text>(&mut self, values: &[T]) {
        self.count(values);
        values.iter().for_each(|value| self.text(value));
    }

    pub fn bytes(&mut self, value: &Raw) {
        self.piece(&value.0);
    }

    pub fn counted(&mut self, value: &Raw) {
        self.u32(length_of(&value.0));
        self.fixed.extend_from_slice(&value.0);
    }

    /// Exactly `length` bytes: cut or filled with zeros.
    pub fn block(&mut self, value: &Raw, length: usize) {
        let mut bytes = value.0.clone();
        bytes.resize(length, 0);
        self.fixed.append(&mut bytes);
    }

    pub fn rest(&mut self, value: &Raw) {
        self.fixed.extend_from_slice(&value.0);
    }

    pub fn numbers(&mut self, values: &[u32]) {
        self.count(values);
        values.iter().for_each(|value| self.u32(*value));
    }

    pub fn nested<T: Struct>(&mut self, value: &T) {
        let begin = std::mem::replace(&mut self.begin, length_of(&self.fixed));
        value.write(self);
        self.begin = begin;
    }

    pub fn structs<T: Struct>(&mut self, values: &[T]) {
        self.count(values);
        values.iter().for_each(|value| self.piece(&emit(value)));
    }

    pub fn structs_apart<T: Struct>(&mut self, number: u32, values: &[T]) {
        self.count(values);
        self.u32(number);
        values.iter().for_each(|value| self.piece(&emit(value)));
    }

    pub fn packed<T: Struct>(&mut self, values: &[T]) {
        self.count(values);
        if values.is_empty() {
            self.u32(0);
        } else {
            self.offset();
        }
        values.iter().for_each(|value| self.append(&emit(value)));
    }

    pub fn at<T: Struct>(&mut self, value: &Option<T>) {
        match value {
            None => self.u32(0),
            Some(value) => {
                self.offset();
                self.append(&emit(value));
            }
        }
    }

    pub fn held<T: Struct>(&mut self, value: &Option<T>) {
        self.piece(&value.as_ref().map(emit).unwrap_or_default());
    }

    pub fn list<T: Struct>(&mut self, values: &[T]) {
        let mut list = Builder::default();
        list.count(values);
        values.iter().for_each(|value| list.append(&emit(value)));
        self.piece(&list.finish());
    }

    pub fn tlvs(&mut self, tlvs: &[Tlv]) {
        tlvs.iter().for_each(|tlv| self.tlv(tlv));
    }

    pub fn tlv(&mut self, tlv: &Tlv) {
        let length = tlv.data.0.len();
        let padding = length.next_multiple_of(4).saturating_sub(length);
        self.short(&tlv.kind);
        self.fixed.extend_from_slice(&[0, u8::try_from(padding).unwrap_or(0)]);
        self.counted(&tlv.data);
        self.fixed.resize(self.fixed.len().saturating_add(padding), 0);
    }

    pub fn twins(&mut self, (one, two): &(Raw, Raw)) {
        self.u32(length_of(&one.0));
        self.offset();
        self.append(&one.0);
        self.offset();
        self.append(&two.0);
    }
}
