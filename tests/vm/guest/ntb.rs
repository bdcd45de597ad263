//! NTB16 with IP datagrams: NTH16, then one NDP16 with signature `IPS` and the session
//! number for each session (NCM 1.0, 3.2 and 3.3; MBIM 1.0, 7.3). Written from the
//! specification, apart from the kernel's, so that the two check each other.

const NTH16: [u8; 4] = *b"NCMH";
const IPS: [u8; 3] = *b"IPS";
const HEADER: usize = 12;
/// More tables than a block of 16 KiB can reasonably have: the end of a loop of links.
const MOST_TABLES: usize = 64;

/// An IP packet of one MBIM session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    pub session: u8,
    pub packet: Vec<u8>,
}

/// All datagrams of a block, or what is wrong with it.
pub fn parse(block: &[u8]) -> Result<Vec<Datagram>, &'static str> {
    if block.get(..4) != Some(&NTH16[..]) {
        return Err("no NTH16");
    }
    if word(block, 4) != Some(HEADER) {
        return Err("wHeaderLength is not 12");
    }
    match word(block, 8) {
        Some(length) if length <= block.len() => {}
        _ => return Err("wBlockLength is beyond the transfer"),
    }
    let mut out = Vec::new();
    let mut next = word(block, 10).ok_or("no wNdpIndex")?;
    for _ in 0..MOST_TABLES {
        if next == 0 {
            return Ok(out);
        }
        next = table(block, next, &mut out)?;
    }
    Err("NDPs without end")
}

fn table(block: &[u8], at: usize, out: &mut Vec<Datagram>) -> Result<usize, &'static str> {
    let signature = block.get(at..at + 4).ok_or("NDP beyond the block")?;
    let length = word(block, at + 4).ok_or("NDP beyond the block")?;
    let next = word(block, at + 6).ok_or("NDP beyond the block")?;
    if signature[..3] != IPS {
        return Err("an NDP that is not IPS");
    }
    let entries = block.get(at + 8..at + length).ok_or("NDP longer than the block")?;
    for entry in entries.chunks_exact(4) {
        let (index, length) = (word(entry, 0).unwrap_or(0), word(entry, 2).unwrap_or(0));
        if index == 0 || length == 0 {
            return Ok(next);
        }
        let packet = block.get(index..index + length).ok_or("datagram beyond the block")?;
        out.push(Datagram { session: signature[3], packet: packet.to_vec() });
    }
    Err("NDP without its null entry")
}

/// One block with as many datagrams from the front of `queue` as `limit` allows; they
/// are taken out. A datagram that fits no block is dropped.
pub fn build(queue: &mut Vec<Datagram>, sequence: u16, limit: usize) -> Vec<u8> {
    let mut taken = Vec::new();
    let mut size = HEADER;
    while let Some(first) = queue.first() {
        // its table, its entry and a null entry at worst, and the padding of both
        let need = first.packet.len() + 8 + 8 + 6;
        if size + need <= limit {
            size += need;
            taken.push(queue.remove(0));
        } else if taken.is_empty() {
            queue.remove(0);
        } else {
            break;
        }
    }
    emit(&taken, sequence)
}

fn emit(datagrams: &[Datagram], sequence: u16) -> Vec<u8> {
    let mut block = Vec::from(NTH16);
    for value in [HEADER as u16, sequence, 0, 0] {
        block.extend(value.to_le_bytes());
    }
    let mut sessions: Vec<u8> = datagrams.iter().map(|d| d.session).collect();
    sessions.sort_unstable();
    sessions.dedup();
    // where the place of the next table has to be written
    let mut link = 10;
    for session in sessions {
        let mut entries = Vec::new();
        for datagram in datagrams.iter().filter(|d| d.session == session) {
            align(&mut block);
            entries.extend((block.len() as u16).to_le_bytes());
            entries.extend((datagram.packet.len() as u16).to_le_bytes());
            block.extend(&datagram.packet);
        }
        align(&mut block);
        let at = block.len();
        block[link..link + 2].copy_from_slice(&(at as u16).to_le_bytes());
        link = at + 6;
        block.extend(IPS);
        block.push(session);
        block.extend((entries.len() as u16 + 12).to_le_bytes());
        block.extend([0, 0]);
        block.extend(entries);
        block.extend([0; 4]);
    }
    let length = block.len() as u16;
    block[8..10].copy_from_slice(&length.to_le_bytes());
    block
}

fn align(block: &mut Vec<u8>) {
    block.resize(block.len().next_multiple_of(4), 0);
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let pair = bytes.get(at..at + 2)?;
    Some(usize::from(u16::from_le_bytes([pair[0], pair[1]])))
}
