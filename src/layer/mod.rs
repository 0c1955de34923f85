//! One layer: from the bytes of its blob to a compact index of its entries.
