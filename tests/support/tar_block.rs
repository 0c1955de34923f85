//! Tar headers written field by field, as no writer of good will would.

/// One header block.
pub struct Block {
    block: [u8; 512],
}

impl Block {
    /// A ustar header of an empty file.
    pub fn new(name: &str) -> Self {
        let mut block = [0; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[100..108].copy_from_slice(b"0000644\0");
        block[124..136].copy_from_slice(b"00000000000\0");
        block[156] = b'0';
        block[257..265].copy_from_slice(b"ustar\x0000");
        Self { block }
    }

    pub fn flag(mut self, flag: u8) -> Self {
        self.block[156] = flag;
        self
    }

    pub fn size(self, size: u64) -> Self {
        self.raw_size(format!("{size:011o}\0").as_bytes())
    }

    pub fn raw_size(mut self, field: &[u8]) -> Self {
        self.block[124..136].fill(0);
        self.block[124..124 + field.len()].copy_from_slice(field);
        self
    }

    pub fn raw_mode(mut self, field: &[u8; 8]) -> Self {
        self.block[100..108].copy_from_slice(field);
        self
    }

    pub fn link(mut self, link: &str) -> Self {
        self.block[157..157 + link.len()].copy_from_slice(link.as_bytes());
        self
    }

    pub fn device(mut self, major: u32, minor: u32) -> Self {
        self.block[329..337].copy_from_slice(format!("{major:07o}\0").as_bytes());
        self.block[337..345].copy_from_slice(format!("{minor:07o}\0").as_bytes());
        self
    }

    /// GNU's old sparse header; `more` are the runs of the block that follows.
    pub fn gnu_sparse(mut self, runs: &[(u64, u64)], size: u64, more: &[(u64, u64)]) -> Self {
        self.block[257..265].copy_from_slice(b"ustar  \0");
        self.block[156] = b'S';
        write_runs(&mut self.block[386..], runs);
        self.block[482] = u8::from(!more.is_empty());
        self.block[483..495].copy_from_slice(format!("{size:011o}\0").as_bytes());
        self
    }

    /// The block with its checksum.
    pub fn bytes(mut self) -> Vec<u8> {
        write_checksum(&mut self.block);
        self.block.to_vec()
    }

    /// The block and a body, padded.
    pub fn with_body(self, body: &[u8]) -> Vec<u8> {
        [self.bytes(), padded(body)].concat()
    }
}

/// Bytes filled up to whole blocks.
pub fn padded(body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(512), 0);
    body
}

/// A PAX header of this type with these records.
pub fn pax(flag: u8, records: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (key, value) in records {
        let rest = [b" ", key.as_bytes(), b"=", value, b"\n"].concat();
        let len =
            (1..4).map(|digits| digits + rest.len()).find(|len| len.to_string().len() + rest.len() == *len);
        body.extend(len.unwrap().to_string().into_bytes());
        body.extend(rest);
    }
    Block::new("pax").flag(flag).size(body.len() as u64).with_body(&body)
}

/// A block that continues GNU's old sparse map.
pub fn gnu_sparse_block(runs: &[(u64, u64)]) -> Vec<u8> {
    let mut block = vec![0; 512];
    write_runs(&mut block, runs);
    block
}

/// Gives every block that begins with a name, as far as can be told, a right checksum.
pub fn repair(tar: &mut [u8]) {
    for block in tar.chunks_exact_mut(512) {
        if block[257..262] == *b"ustar" {
            write_checksum(block);
        }
    }
}

fn write_runs(block: &mut [u8], runs: &[(u64, u64)]) {
    for (i, (offset, len)) in runs.iter().enumerate() {
        block[i * 24..][..12].copy_from_slice(format!("{offset:011o}\0").as_bytes());
        block[i * 24 + 12..][..12].copy_from_slice(format!("{len:011o}\0").as_bytes());
    }
}

/// Gives a block the checksum that it should have.
pub fn write_checksum(block: &mut [u8]) {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|&b| u32::from(b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}
