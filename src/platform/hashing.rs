//! Hashing by the browser, which is several times as fast as hashing in wasm, but wants all bytes at once.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::SubtleCrypto;

use super::to_f64;
use crate::digest::{Algorithm, Digest, Digester, Hash, Hashing};

/// Holds bytes for the browser to hash. What it has no room for is hashed in wasm.
#[derive(Clone)]
pub struct BrowserHashing(Rc<Shared>);

struct Shared {
    subtle: Option<SubtleCrypto>,
    /// Bytes that more may be held.
    room: Cell<u64>,
    begun: RefCell<Vec<Rc<RefCell<Held>>>>,
}

/// Bytes that are held.
struct Held {
    algorithm: Algorithm,
    /// The array, and how many of its bytes have come; `None` once they are hashed.
    bytes: Option<(Uint8Array, u32)>,
    known: Option<Digest>,
    /// In place of the browser, should there be too many.
    here: Digester,
}

/// Fewer bytes are hashed sooner than handed over.
const LEAST: u64 = 256 << 10;
/// How many bytes are hashed in wasm at once of those that were held in vain.
const STEP: u32 = 1 << 20;

impl BrowserHashing {
    /// With room for so many bytes. The browser makes a copy of each array while it hashes it.
    pub fn new(room: u64) -> Self {
        let scope: web_sys::WorkerGlobalScope = js_sys::global().unchecked_into();
        // A page that came over an insecure connection has none.
        let subtle = scope.crypto().ok().map(|crypto| crypto.subtle()).filter(|subtle| subtle.is_object());
        Self(Rc::new(Shared { subtle, room: Cell::new(room), begun: RefCell::default() }))
    }

    /// Hashes what is held, once all of it has come: only then is it known.
    pub async fn settle(&self) {
        for held in self.0.begun.take() {
            let (algorithm, bytes) = {
                let held = held.borrow();
                (held.algorithm, held.bytes.as_ref().map(|(array, len)| array.subarray(0, *len)))
            };
            let Some(bytes) = bytes else { continue };
            let known = self.0.digest(algorithm, &bytes).await;
            let mut held = held.borrow_mut();
            if known.is_some()
                && let Some((array, _)) = held.bytes.take()
            {
                free(&array);
            }
            held.known = known;
        }
    }
}

impl Shared {
    async fn digest(&self, algorithm: Algorithm, bytes: &Uint8Array) -> Option<Digest> {
        // Web Cryptography API, 30.2: "SHA-256", "SHA-512".
        let name = match algorithm {
            Algorithm::Sha256 => "SHA-256",
            Algorithm::Sha512 => "SHA-512",
        };
        let digest = self.subtle.as_ref()?.digest_with_str_and_js_u8_array(name, bytes).ok()?;
        let digest = JsFuture::from(digest).await.ok()?;
        Digest::from_bytes(algorithm, &Uint8Array::new(&digest).to_vec()).ok()
    }
}

impl Hashing for BrowserHashing {
    fn begin(&self, algorithm: Algorithm, len: Option<u64>) -> Box<dyn Hash> {
        let room = self.0.room.get();
        let len = len.unwrap_or(room);
        let array = (self.0.subtle.is_some() && (LEAST..=room).contains(&len)).then(|| array(len)).flatten();
        let Some(array) = array else { return Box::new(Digester::new(algorithm)) };
        self.0.room.set(room - len);
        let held = Rc::new(RefCell::new(Held {
            algorithm,
            bytes: Some((array, 0)),
            known: None,
            here: Digester::new(algorithm),
        }));
        self.0.begun.borrow_mut().push(Rc::clone(&held));
        Box::new(Taking(held))
    }
}

/// An array of so many bytes, unless the browser has not as many. What is not written of it takes no memory.
fn array(len: u64) -> Option<Uint8Array> {
    let constructor: js_sys::Function =
        js_sys::Reflect::get(&js_sys::global(), &"ArrayBuffer".into()).ok()?.dyn_into().ok()?;
    // Unlike `ArrayBuffer::new`, this tells of what is thrown.
    let buffer = js_sys::Reflect::construct(&constructor, &js_sys::Array::of1(&to_f64(len).into())).ok()?;
    Some(Uint8Array::new(buffer.unchecked_ref::<ArrayBuffer>()))
}

/// Gives an array's memory back at once, where the browser can: it would wait for the next collection of garbage.
fn free(array: &Uint8Array) {
    let buffer = array.buffer();
    let transfer = js_sys::Reflect::get(&buffer, &"transfer".into());
    if let Ok(transfer) = transfer.and_then(|transfer| transfer.dyn_into::<js_sys::Function>()) {
        // What comes of it has no length.
        drop(transfer.call1(&buffer, &0.into()));
    }
}

/// What is being hashed holds what it is given.
struct Taking(Rc<RefCell<Held>>);

impl Hash for Taking {
    fn update(&mut self, bytes: &[u8]) {
        let held = &mut *self.0.borrow_mut();
        if let Some((array, at)) = &mut held.bytes {
            let end = u32::try_from(bytes.len()).ok().and_then(|len| at.checked_add(len));
            if let Some(end) = end.filter(|end| *end <= array.length()) {
                array.subarray(*at, end).copy_from(bytes);
                *at = end;
                return;
            }
        }
        held.give_up();
        held.known = None;
        held.here.update(bytes);
    }

    fn finish(self: Box<Self>) -> Digest {
        let held = &mut *self.0.borrow_mut();
        held.known.take().unwrap_or_else(|| {
            held.give_up();
            held.here.clone().finish()
        })
    }
}

impl Held {
    /// Hashes here what is held.
    fn give_up(&mut self) {
        let Some((array, len)) = self.bytes.take() else { return };
        let mut at = 0;
        while at < len {
            let end = len.min(at + STEP);
            self.here.update(&array.subarray(at, end).to_vec());
            at = end;
        }
        free(&array);
    }
}
