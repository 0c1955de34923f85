//! Compressed streams read through the decoder, in pieces and into rooms of any size.

use std::fmt;

use layerscope::{
    anomaly::Anomaly,
    codec::{Compression, Decoder, Error, Status},
};

/// All that decoding a stream gives.
#[derive(PartialEq)]
pub struct Decoded {
    pub bytes: Vec<u8>,
    pub anomalies: Vec<Anomaly>,
    pub error: Option<Error>,
}

impl fmt::Debug for Decoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes, {:?}, {:?}", self.bytes.len(), self.anomalies, self.error)
    }
}

/// Decodes pieces into outputs of these sizes, used in turn. The end is told after the last piece.
pub fn decode_pieces<'a>(
    compression: Compression,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    rooms: &[usize],
) -> Decoded {
    decode_up_to(usize::MAX, compression, pieces, rooms)
}

/// Decodes as [`decode_pieces`] does, but leaves off after `most` bytes of content.
pub fn decode_up_to<'a>(
    most: usize,
    compression: Compression,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    rooms: &[usize],
) -> Decoded {
    let mut decoder = Decoder::new(compression);
    let mut decoded = Decoded { bytes: Vec::new(), anomalies: Vec::new(), error: None };
    let mut rooms = rooms.iter().cycle();
    let mut buffer = Vec::new();
    let ends = [(&[][..], true)];
    for (mut input, eof) in pieces.into_iter().map(|piece| (piece, false)).chain(ends) {
        loop {
            buffer.resize(*rooms.next().unwrap(), 0xaa);
            match decoder.decode(input, eof, &mut buffer) {
                Ok(progress) => {
                    input = &input[progress.consumed..];
                    decoded.bytes.extend_from_slice(&buffer[..progress.produced]);
                    if decoded.bytes.len() >= most {
                        decoded.bytes.truncate(most);
                        return decoded;
                    }
                    match progress.status {
                        Status::OutputFull => assert!(progress.produced > 0, "no progress"),
                        Status::NeedInput => {
                            assert!(input.is_empty() && !eof, "wants more of what it has not taken");
                            break;
                        }
                        Status::Done => {
                            assert!(input.is_empty());
                            break;
                        }
                    }
                }
                Err(error) => {
                    for _ in 0..2 {
                        assert_eq!(decoder.decode(b"more", false, &mut buffer), Err(error.clone()));
                    }
                    decoded.anomalies = decoder.take_anomalies();
                    decoded.error = Some(error);
                    return decoded;
                }
            }
        }
    }
    decoded.anomalies = decoder.take_anomalies();
    decoded
}
