//! Layers merged as one would by hand: a whole filesystem, changed by one layer after the other. Slow, and simple
//! enough to be believed; the stack that keeps what each layer did is held against it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use layerscope::{
    fixture::{Tar, TarEntry},
    limits,
    overlay::{LayerIndex, Mark, Stack, State},
    path::{self, Meaning},
    session::Session,
    tree::NodeId,
};

/// A path as its names from the root.
type Names = Vec<Vec<u8>>;
/// An entry: its layer, and its place among those that the layer's index holds.
type Id = (u32, u32);

/// Holds a session of one image with these layers, all of them read, against a merge by hand.
pub fn check(session: &Session, layers: &[Tar]) {
    let (stack, tree) = (session.stack(0).unwrap(), session.tree());
    assert_eq!(stack.len() as usize, layers.len());
    let mut merge = Merge::default();
    let (mut below, mut stored_below) = (Files::new(), 0);
    for (l, layer) in layers.iter().enumerate() {
        let l = l as u32;
        merge.push(l, layer);
        let is_in_tree = |names: &Names| tree.find(names.iter().map(|name| name.as_slice().into())).is_some();
        assert!(merge.files.keys().all(is_in_tree), "a path is missing");
        for node in tree.ids().skip(1) {
            let names: Names = tree.path(node).split(|&byte| byte == b'/').map(<[u8]>::to_vec).collect();
            let (before, now) = (below.get(&names), merge.files.get(&names));
            assert_eq!(made(stack.state(node, LayerIndex(l))), now.copied(), "{l}: {}", tree.path(node));
            let mark = stack.event_of(node, LayerIndex(l)).map(|event| event.mark);
            let expected = merge.marks(l, before, now);
            assert!(expected.contains(&mark), "{l}: {} is {mark:?}, not {expected:?}", tree.path(node));
        }
        let stored = merge.stored(l);
        assert_eq!(stack.stored(LayerIndex(l)), stored);
        assert_eq!(stack.visible(LayerIndex(l)), merge.visible(|_| true));
        stored_below += stored;
        assert!(stack.visible(LayerIndex(l)) <= stored_below);
        below.clone_from(&merge.files);
    }
    totals(session, stack, &merge);
}

/// What the merge of all layers comes to.
fn totals(session: &Session, stack: &Stack, merge: &Merge) {
    let totals = session.totals(0);
    assert_eq!(totals.stored, totals.visible + totals.hidden);
    let is_entry = |(names, made): (&Names, &Made)| !names.is_empty() && matches!(made, Made::Entry(_));
    assert_eq!(totals.paths, merge.files.iter().filter(|file| is_entry(*file)).count() as u64);
    let mut net = 0;
    for (l, layer) in totals.layers.iter().enumerate() {
        let visible = merge.visible(|(of, _)| of == l as u32);
        assert_eq!((stack.visible_of(LayerIndex(l as u32)), layer.hidden), (visible, layer.stored - visible));
        net += layer.net;
        assert_eq!(layer.cumulative.cast_signed(), net);
    }
    assert_eq!(state_of_root(stack), merge.files.get(&Vec::new()).copied());
}

/// The root is there in any case: only what an entry makes of it is told.
fn state_of_root(stack: &Stack) -> Option<Made> {
    let top = stack.len().checked_sub(1)?;
    made(stack.state(NodeId::ROOT, LayerIndex(top))).filter(|made| matches!(made, Made::Entry(_)))
}

fn made(state: State) -> Option<Made> {
    match state {
        State::Absent => None,
        State::Implied(layer) => Some(Made::Implied(layer.0)),
        State::Entry(file) => Some(Made::Entry((file.layer.0, file.entry.0))),
    }
}

/// What has made a path what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    Implied(u32),
    Entry(Id),
}

type Files = BTreeMap<Names, Made>;

/// An entry that a layer's index holds.
struct Item {
    names: Names,
    role: Role,
    entry: TarEntry,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Plain,
    Reserved,
    Whiteout,
    Opaque,
}

#[derive(Default)]
struct Merge {
    files: Files,
    items: HashMap<Id, Item>,
    /// What hard links lead to.
    targets: HashMap<Id, Id>,
}

impl Merge {
    /// Puts one more layer on top.
    fn push(&mut self, layer: u32, tar: &Tar) {
        let count = (0..).zip(tar.entries.iter().filter_map(item)).map(|(i, item)| {
            self.items.insert((layer, i), item);
        });
        let ids = (0..count.count() as u32).map(|i| (layer, i));
        let with = |merge: &Self, role| -> Vec<Id> {
            ids.clone().filter(|id| role == merge.items[id].role).collect()
        };
        for id in with(self, Role::Opaque) {
            self.remove_below(&self.items[&id].names.clone());
        }
        for id in with(self, Role::Whiteout) {
            let names = self.items[&id].names.clone();
            if self.files.remove(&names).is_some() {
                self.remove_below(&names);
            }
        }
        for id in ids.clone() {
            let names = self.items[&id].names.clone();
            match self.items[&id].role {
                Role::Reserved => {}
                Role::Opaque => self.mark_stands_in(layer, &names),
                Role::Whiteout => self.mark_stands_in(layer, &names[..names.len() - 1]),
                Role::Plain => self.entry(id, &names),
            }
        }
    }

    fn entry(&mut self, id: Id, names: &[Vec<u8>]) {
        let Some(place) = self.place(id.0, names, true) else { return };
        let TarEntry { flag, link, .. } = &self.items[&id].entry;
        let flag = *flag;
        if flag == b'1'
            && let Some(target) = self.linked(id.0, &link.clone())
        {
            self.targets.insert(id, target);
        }
        if flag != b'5' {
            self.remove_below(&place);
        }
        self.files.insert(place, Made::Entry(id));
    }

    /// The directory that a whiteout or an opaque mark stands in is there, unless the layer has put something
    /// else in its place.
    fn mark_stands_in(&mut self, layer: u32, directory: &[Vec<u8>]) {
        if let Some(place) = self.place(layer, directory, true)
            && self.files.get(&place).is_none_or(|made| self.layer_of(*made) != layer)
        {
            self.imply(layer, &place);
        }
    }

    /// Where a path leads: through links that the same layer made. With `make`, what lies on the way becomes a
    /// directory.
    fn place(&mut self, layer: u32, names: &[Vec<u8>], make: bool) -> Option<Names> {
        let mut left: Names = names.iter().rev().cloned().collect();
        let mut place = Names::new();
        let mut hops = 0;
        while let Some(name) = left.pop() {
            place.push(name);
            let link = match self.files.get(&place) {
                Some(Made::Entry(id)) if id.0 == layer && self.items[id].entry.flag == b'2' => {
                    Some(self.items[id].entry.link.clone())
                }
                _ => None,
            };
            match link {
                _ if left.is_empty() => break,
                Some(link) => {
                    place.pop();
                    hops += 1;
                    let target = path::join(&place.join(&b'/'), &link);
                    let walk = path::normalise(&target).ok().filter(|_| hops <= limits::SYMLINK_HOPS)?;
                    left.extend(walk.names.iter().rev().map(|name| name.to_vec()));
                    place.clear();
                }
                None if make => self.imply(layer, &place),
                None => {}
            }
        }
        Some(place)
    }

    fn imply(&mut self, layer: u32, names: &[Vec<u8>]) {
        if !names.is_empty() && !self.is_directory(self.files.get(names)) {
            self.files.insert(names.to_vec(), Made::Implied(layer));
        }
    }

    /// The entry that a hard link of this layer leads to.
    fn linked(&mut self, layer: u32, link: &[u8]) -> Option<Id> {
        let names: Names = path::normalise(link).ok()?.names.iter().map(|name| name.to_vec()).collect();
        let place = self.place(layer, &names, false)?;
        match self.files.get(&place)? {
            Made::Entry(id) => self.target(*id),
            Made::Implied(_) => None,
        }
    }

    fn target(&self, id: Id) -> Option<Id> {
        if self.items[&id].entry.flag == b'1' { self.targets.get(&id).copied() } else { Some(id) }
    }

    fn remove_below(&mut self, names: &[Vec<u8>]) {
        self.files.retain(|path, _| path.len() <= names.len() || !path.starts_with(names));
    }

    fn is_directory(&self, made: Option<&Made>) -> bool {
        match made {
            None => false,
            Some(Made::Implied(_)) => true,
            Some(Made::Entry(id)) => self.items[id].entry.flag == b'5',
        }
    }

    fn layer_of(&self, made: Made) -> u32 {
        match made {
            Made::Implied(layer) | Made::Entry((layer, _)) => layer,
        }
    }

    /// What a layer may be said to do to a path.
    fn marks(&self, layer: u32, before: Option<&Made>, now: Option<&Made>) -> &'static [Option<Mark>] {
        match (before, now) {
            (None, None) => &[None],
            (Some(_), None) => &[Some(Mark::Deleted), Some(Mark::Hidden)],
            (_, Some(made)) if self.layer_of(*made) != layer => &[None],
            (None, Some(_)) => &[Some(Mark::Added)],
            (Some(before), Some(now)) if self.is_alike(*before, *now) => &[Some(Mark::Metadata)],
            (Some(_), Some(_)) => &[Some(Mark::Modified)],
        }
    }

    /// Whether two things differ by their metadata at most.
    fn is_alike(&self, a: Made, b: Made) -> bool {
        let (Made::Entry(x), Made::Entry(y)) = (a, b) else {
            return self.is_directory(Some(&a)) && self.is_directory(Some(&b));
        };
        let (Some(x), Some(y)) = (self.target(x), self.target(y)) else { return false };
        let (x, y) = (&self.items[&x].entry, &self.items[&y].entry);
        x.flag == y.flag && x.body == y.body && x.link == y.link && x.device == y.device
    }

    /// Bytes of content in a layer's files.
    fn stored(&self, layer: u32) -> u64 {
        let files = self.items.iter().filter(|((of, _), item)| *of == layer && item.role == Role::Plain);
        files.map(|(_, item)| item.entry.body.len() as u64).sum()
    }

    /// Bytes of content in the files that can be seen, each once.
    fn visible(&self, counts: impl Fn(Id) -> bool) -> u64 {
        let targets = self.files.values().filter_map(|made| match made {
            Made::Entry(id) => self.target(*id),
            Made::Implied(_) => None,
        });
        let targets: BTreeSet<Id> = targets.filter(|id| counts(*id)).collect();
        targets.iter().map(|id| self.items[id].entry.body.len() as u64).sum()
    }
}

/// What the index holds of an entry; `None` for one that it leaves out.
fn item(entry: &TarEntry) -> Option<Item> {
    let mut names: Names =
        path::normalise(&entry.path).ok()?.names.iter().map(|name| name.to_vec()).collect();
    let role = match names.last().map_or(Meaning::Plain, |name| path::meaning(name)) {
        Meaning::Plain => Role::Plain,
        Meaning::Reserved => Role::Reserved,
        Meaning::Bare => return None,
        Meaning::Opaque => Role::Opaque,
        Meaning::Whiteout(_) => Role::Whiteout,
    };
    if names.is_empty() && entry.flag != b'5' {
        return None;
    }
    if let Role::Whiteout | Role::Opaque = role {
        let name = names.pop()?;
        if role == Role::Whiteout {
            names.push(name[path::WHITEOUT_PREFIX.len()..].to_vec());
        }
    }
    Some(Item { names, role, entry: entry.clone() })
}
