//! Images elsewhere: their documents first, their layers as they are wanted.

use std::{cell::Cell, ops::Range, pin::pin, rc::Rc};

use futures_util::future::{Either, select, try_join_all};
use js_sys::Uint8Array;
use wasm_bindgen_futures::spawn_local;

use super::{
    protocol::{Event, Failure, FailureKind, Job, Progress, Reply},
    scanner::{Pace, Work},
    server::{Server, Stop},
    stream::{Stream, Thread},
};
use crate::{
    codec::Compression,
    image::{Member, MemberKind},
    limits::{self, Limits},
    platform::{self, Fetched, Source},
    registry::{
        self, Answer, ArtifactReading, Ask, Content, Exchange, Head, News, Next, Place, Plan, Pull,
        ReferrerSearch, Remote, Request, Resolution, Step, Target, Trouble,
    },
    session::{Opening, Task},
};

/// The most layers that are fetched side by side.
const LANES: usize = 3;
/// How often it is looked whether what is fetched is still wanted, in milliseconds.
const LOOK_MS: u64 = 100;
/// How much of an archive is looked at to tell how it is to be read.
const HEAD: u64 = 64 << 10;
/// Images of fewer bytes are read without further threads.
const THREADS_FROM: u64 = 8 << 20;

impl Server {
    /// Opens an image elsewhere, of a job that is the queue's.
    pub(super) fn open_remote(
        self: &Rc<Self>,
        job: Job,
        remote: Remote,
        limits: Limits,
        replaces: Option<Job>,
    ) {
        let server = Rc::clone(self);
        spawn_local(async move {
            let reading = server.read_remote(job, &remote, limits, replaces);
            let read = unless(reading, || Ok(server.state.borrow().queue.may_open(job)?)).await;
            match read {
                Ok(Some(source)) => server.read_layers(job, &source, Vec::new()).await,
                // Somebody has to choose first.
                Ok(None) => server.state.borrow_mut().queue.end(job),
                Err(stop) => server.end(job, Err(stop)),
            }
            server.go_on().await;
        });
    }

    async fn read_remote(
        &self,
        job: Job,
        remote: &Remote,
        limits: Limits,
        replaces: Option<Job>,
    ) -> Result<Option<Source>, Stop> {
        let place = parse(&remote.place)?;
        let resolution = Resolution::new(&place, remote.gateway.as_deref(), remote.choice.clone());
        let (source, opening) = match resolution {
            Some(resolution) => match self.resolve(job, resolution).await? {
                Some(plan) => {
                    let (archive, members) = lay_out(plan, remote)?;
                    let opening = Opening::directory(members, platform::content_key())?;
                    (Source::Remote(Rc::new(archive)), opening.with_limits(limits))
                }
                None => return Ok(None),
            },
            None => self.archive(job, remote, &place, limits).await?,
        };
        let session = self.read_documents(job, &source, place.title(), opening).await?;
        self.keep(job, place.title(), source.clone(), session, replaces);
        // What came whole is a file, and from elsewhere all the same.
        let manifest = match &source {
            Source::Remote(archive) => archive.manifest.clone(),
            _ => None,
        };
        self.event(job, Event::Remote(News::Opened { place: remote.place.clone(), manifest }));
        if let Source::Remote(archive) = &source {
            // Only headers of an archive are read until its layers are asked for.
            self.want(job, archive, &[], remote.pull)?;
        }
        Ok(Some(source))
    }

    /// Reads the documents of a registry's or a layout's image; `None` if somebody has to choose.
    async fn resolve(&self, job: Job, mut resolution: Resolution) -> Result<Option<Plan>, Stop> {
        loop {
            match resolution.next() {
                Next::Fetch(target, limit) => {
                    let fetched = self.document(target, limit).await;
                    self.state.borrow().queue.may_open(job)?;
                    match fetched {
                        Ok((head, body)) => {
                            self.tell_warnings(job, &head);
                            resolution.supply(&head, body);
                        }
                        Err(Failure { kind: FailureKind::Remote(trouble), detail, .. }) => {
                            resolution.fail(trouble, detail);
                        }
                        Err(failure) => return Err(failure.into()),
                    }
                }
                Next::Choose(choices) => {
                    self.event(job, Event::Remote(News::Choose(choices)));
                    return Ok(None);
                }
                Next::Fail(trouble, detail) => return Err(failed(trouble, detail).into()),
                Next::Done => break,
            }
        }
        resolution.finish().map(Some).ok_or_else(|| failed(Trouble::Manifest, String::new()).into())
    }

    /// An archive on a web server: its ranges where there are some, or else the whole of it, read while it comes.
    async fn archive(
        &self,
        job: Job,
        remote: &Remote,
        place: &Place,
        limits: Limits,
    ) -> Result<(Source, Opening), Stop> {
        let Place::Archive(url) = place else { return Err(failed(Trouble::NotFound, String::new()).into()) };
        let file = registry::plain_target(url.clone());
        let first = Target { range: Some((0, HEAD - 1)), ..file.clone() };
        let (exchange, fetched, _) = self.begin(first, 0).await?;
        self.state.borrow().queue.may_open(job)?;
        let head = exchange.head().clone();
        if head.is_web_page() {
            return Err(failed(Trouble::NotARegistry, format!("{url} is a web page")).into());
        }
        if head.status != 206 {
            return self.pass(job, remote, file, fetched, limits).await;
        }
        let bytes = fetched.whole(HEAD).await.map_err(|error| failed(Trouble::Cut, error))?;
        let bytes = bytes.unwrap_or_default();
        let total = match head.header("content-range") {
            Some(range) => range.rsplit('/').next().and_then(|total| total.parse().ok()),
            None => self.length(&file).await,
        };
        self.state.borrow().queue.may_open(job)?;
        let is_plain =
            Compression::sniff(&bytes[..bytes.len().min(crate::codec::MAGIC_LEN)]) == Compression::None;
        if let Some(total) = total.filter(|total| is_plain && bytes.len() as u64 == HEAD.min(*total)) {
            let mut archive =
                platform::Remote::new(remote.place.clone(), None, None, total, Some(file.clone()));
            archive.authorization = self.auth.borrow().header(&file).map(str::to_owned);
            archive.add_bytes(0, &bytes)?;
            let opening = Opening::new(total, platform::content_key()).with_limits(limits);
            return Ok((Source::Remote(Rc::new(archive)), opening));
        }
        let fetched = self.begin(Target { is_large: true, ..file.clone() }, 0).await?.1;
        self.pass(job, remote, file, fetched, limits).await
    }

    /// The length of a file whose ranges come without the header that tells it, or with one that pages may not read: any page
    /// may read `Content-Length`.
    async fn length(&self, file: &Target) -> Option<u64> {
        let authorization = self.auth.borrow().header(file).map(str::to_owned);
        // What is asked for by range is not compressed on the way (Fetch, "HTTP-network-or-cache fetch"), which would change
        // its length.
        let request =
            Request { authorization, range: Some((0, None)), is_head: true, ..Request::get(&file.url) };
        let head = platform::fetch(&request).await.ok()?.head;
        matches!(head.status, 200 | 206).then_some(())?;
        head.header("content-length")?.parse().ok()
    }

    /// Reads an archive from end to end while it comes: it is compressed, or its server knows no ranges. What has come is
    /// kept by the browser, once.
    async fn pass(
        &self,
        job: Job,
        remote: &Remote,
        file: Target,
        mut fetched: Fetched,
        limits: Limits,
    ) -> Result<(Source, Opening), Stop> {
        // Nothing where it is not known before the end.
        let stated = fetched.head.header("content-length").and_then(|n| n.parse::<u64>().ok());
        let whole = 0..u64::MAX;
        let archive = platform::Remote::new(remote.place.clone(), None, None, u64::MAX, None);
        archive.add(whole.clone(), None, None);
        let mut opening = Opening::passing(platform::content_key()).with_limits(limits);
        let mut exchange = Exchange::new(Target { is_large: true, ..file });
        let (mut pace, mut told) = (Pace::default(), 0);
        loop {
            match fetched.next().await {
                Ok(Some(bytes)) => {
                    let is_due = pace.lets_in().await;
                    self.state.borrow().queue.may_open(job)?;
                    let gathered = archive.gather(&whole, &bytes);
                    supply(&mut opening, &archive, &whole, gathered)?;
                    let passed = u32::try_from(opening.passed()).unwrap_or(u32::MAX);
                    if is_due || passed != told {
                        let done = archive.filled(&whole);
                        let total = stated.map_or(0, |stated| stated.max(done));
                        self.event(job, Event::Progress(Progress { layer: None, done, total }));
                        self.event(job, Event::Remote(News::Passed(passed)));
                        told = passed;
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    exchange.cut(archive.filled(&whole), &error);
                    let (next, skip) = self.go_through(&mut exchange, |_| Ok::<(), Stop>(())).await?;
                    fetched = skipped(next, skip).await?;
                }
            }
        }
        supply(&mut opening, &archive, &whole, archive.lend(&whole))?;
        opening.supply(&[])?;
        // It is a file like any other now.
        Ok((Source::Blob(archive.kept(&whole)?), opening))
    }

    /// A document, whole, of at most so many bytes.
    async fn document(&self, target: Target, limit: u64) -> Result<(Head, Vec<u8>), Failure> {
        let url = target.url.clone();
        let mut exchange = Exchange::new(target);
        loop {
            let (fetched, _) = self.go_through(&mut exchange, |_| Ok::<(), Failure>(())).await?;
            let head = fetched.head.clone();
            // What comes in its place may be longer.
            let is_it = (200..300).contains(&head.status) && !head.is_web_page();
            let limit = if is_it { limit } else { limits::JSON_DOCUMENT };
            match fetched.whole(limit).await {
                Ok(Some(body)) => return Ok((head, body)),
                Ok(None) => {
                    let detail = format!("{url} is longer than the {limit} bytes that are stated or read");
                    return Err(failed(Trouble::TooLarge, detail));
                }
                // It is short, and begun anew.
                Err(error) => exchange.cut(0, &error),
            }
        }
    }

    async fn begin(&self, target: Target, received: u64) -> Result<(Exchange, Fetched, u64), Failure> {
        let mut exchange = Exchange::resumed(target, received);
        let (fetched, skip) = self.go_through(&mut exchange, |_| Ok::<(), Failure>(())).await?;
        Ok((exchange, fetched, skip))
    }

    /// Goes on with an exchange until its body can be read. `wait` is told how long is waited.
    async fn go_through<E: From<Failure>>(
        &self,
        exchange: &mut Exchange,
        mut wait: impl FnMut(u64) -> Result<(), E>,
    ) -> Result<(Fetched, u64), E> {
        let mut answer = None;
        loop {
            let step = exchange.step(&self.auth.borrow());
            match step {
                Step::Send(request) => match platform::fetch(&request).await {
                    Ok(fetched) if request.is_token => {
                        let head = fetched.head.clone();
                        let body = fetched.whole(limits::TOKEN).await.ok().flatten().unwrap_or_default();
                        exchange.answered(head, &body, &mut self.auth.borrow_mut());
                    }
                    Ok(fetched) => {
                        exchange.answered(fetched.head.clone(), &[], &mut self.auth.borrow_mut());
                        answer = Some(fetched);
                    }
                    Err(error) => {
                        let may = exchange.may_lead_elsewhere();
                        let leads_elsewhere = may && platform::leads_elsewhere(&request).await;
                        exchange.failed(&format!("{}: {error}", request.url), leads_elsewhere);
                    }
                },
                Step::Wait(milliseconds) => {
                    answer = None;
                    wait(milliseconds)?;
                    platform::sleep(milliseconds).await;
                    exchange.waited();
                }
                Step::Read { skip } => match answer.take() {
                    Some(fetched) => return Ok((fetched, skip)),
                    None => return Err(failed(Trouble::Cut, "nothing to read".to_owned()).into()),
                },
                Step::Fail(trouble, detail) => {
                    let said = match answer.take() {
                        Some(fetched) => fetched.whole(limits::TOKEN).await.ok().flatten(),
                        None => None,
                    };
                    let (trouble, detail) = registry::explained(trouble, detail, &said.unwrap_or_default());
                    return Err(failed(trouble, detail).into());
                }
            }
        }
    }

    /// Wants layers of the first image, or all of every image; tells the page how far each is.
    fn want(
        &self,
        job: Job,
        archive: &Rc<platform::Remote>,
        layers: &[u32],
        all: bool,
    ) -> Result<(), Failure> {
        let scans = self.with_session(job, |session| {
            let mut scans = Vec::new();
            for image in 0..session.images().len() as u32 {
                let count = session.images()[image as usize].layers.len() as u32;
                scans.extend((0..count).filter_map(|layer| session.scan(image, layer, Task::Verify)));
            }
            scans
        })?;
        for scan in scans {
            let (range, (image, layer)) = (scan.range(), scan.place());
            archive.part(&range);
            let is_wanted = all || (image == 0 && layers.contains(&layer));
            if is_wanted {
                archive.want(&range);
            }
            let pull = if is_wanted { Pull::Waiting } else { Pull::OnDemand };
            if is_wanted || layers.is_empty() {
                self.event(job, Event::Remote(News::Layer { image, layer, pull }));
            }
        }
        Ok(())
    }

    /// Fetches and reads the layers that are wanted.
    pub(super) async fn pull(&self, job: Job, archive: &Rc<platform::Remote>) -> Result<(), Stop> {
        let room = Cell::new(platform::room());
        // Of more than there are processors, one would take the room to hash from the others.
        let width = platform::processors().clamp(2, LANES);
        let lanes = try_join_all((0..width).map(|_| self.pull_lane(job, &room, archive)));
        let result = unless(lanes, || self.check(job)).await;
        archive.leave();
        let archive = Rc::downgrade(archive);
        spawn_local(async move {
            // What is closed needs none of it, and what cannot be kept stays where it is.
            while archive.upgrade().is_some_and(|archive| archive.tidy() == Ok(true)) {
                platform::turn().await;
            }
        });
        result.map(|_| ())
    }

    /// Fetches and reads layer after layer. `room` is shared with the other lanes: how many bytes may be held for the browser to hash.
    async fn pull_lane(
        &self,
        job: Job,
        room: &Cell<u64>,
        archive: &Rc<platform::Remote>,
    ) -> Result<(), Stop> {
        let mut thread = None;
        loop {
            self.check(job)?;
            let next = self.with_session(job, |session| {
                let images = 0..session.images().len() as u32;
                let layers = |image: u32| {
                    let count = session.images()[image as usize].layers.len() as u32;
                    (0..count).map(move |layer| (image, layer))
                };
                let mut places = images.flat_map(layers);
                places.find_map(|(image, layer)| {
                    session.scan(image, layer, Task::Verify).filter(|scan| archive.is_wanted(&scan.range()))
                })
            })?;
            let Some(scan) = next else { return Ok(()) };
            archive.begin(&scan.range());
            if thread.is_none() && archive.len() >= THREADS_FROM {
                thread = Some(Thread::start(archive)?);
            }
            let held = scan.held(room.get());
            room.set(room.get() - held);
            self.pull_layer(job, archive, Work { job: scan, room: held }, thread.as_mut()).await?;
            room.set(room.get() + held);
        }
    }

    async fn pull_layer(
        &self,
        job: Job,
        archive: &Rc<platform::Remote>,
        work: Work,
        thread: Option<&mut Thread>,
    ) -> Result<(), Stop> {
        let (range, (image, layer)) = (work.job.range(), work.job.place());
        let news = |pull| self.event(job, Event::Remote(News::Layer { image, layer, pull }));
        let (target, digest) = archive.target(&range);
        let known =
            digest.filter(|_| archive.filled(&range) == 0).and_then(|digest| self.known(job, &digest));
        let exists = known.is_some();
        if let Some(blob) = known {
            archive.fill(&range, blob);
            news(Pull::Exists);
        }
        let mut stream = Stream::begin(archive, work, thread).await?;
        let len = range.end - range.start;
        if let Some(target) = target.filter(|_| !exists && archive.filled(&range) < len) {
            news(Pull::Downloading);
            self.fetch_layer(job, archive, target, (image, layer), &range, &mut stream).await?;
        }
        if !exists {
            news(Pull::Verifying);
        }
        let found = stream.finish().await?;
        self.check(job)?;
        self.accept(job, found)?;
        news(if exists { Pull::Exists } else { Pull::Complete });
        Ok(())
    }

    async fn fetch_layer(
        &self,
        job: Job,
        archive: &Rc<platform::Remote>,
        target: Target,
        place: (u32, u32),
        range: &Range<u64>,
        stream: &mut Stream<'_>,
    ) -> Result<(), Stop> {
        let len = range.end - range.start;
        let url = target.url.clone();
        let mut exchange = Exchange::resumed(target, archive.filled(range));
        let mut pace = Pace::default();
        let wait = |milliseconds| {
            self.check(job)?;
            let (image, layer) = place;
            let pull = Pull::Retrying(milliseconds);
            self.event(job, Event::Remote(News::Layer { image, layer, pull }));
            Ok::<(), Stop>(())
        };
        loop {
            let answered = self.go_through(&mut exchange, wait).await;
            let (fetched, skip) = answered.map_err(|stop| match stop {
                Stop::Failed(Failure { kind: FailureKind::Remote(trouble), detail, .. }) => {
                    failed(trouble.of_blob(), detail).into()
                }
                stop => stop,
            })?;
            let head = &fetched.head;
            self.tell_warnings(job, head);
            if matches!(head.status, 404 | 406) {
                return Err(failed(Trouble::NotFound, format!("{url} answers {}", head.status)).into());
            }
            if head.is_web_page() {
                return Err(failed(Trouble::NotARegistry, format!("{url} answers with a web page")).into());
            }
            let mut fetched = match skipped(fetched, skip).await {
                Ok(fetched) => fetched,
                Err(failure) => {
                    exchange.cut(archive.filled(range), &failure.detail);
                    continue;
                }
            };
            let cut = loop {
                let bytes = match fetched.next().await {
                    Ok(Some(bytes)) => bytes,
                    Ok(None) => break None,
                    Err(error) => break Some(error),
                };
                self.check(job)?;
                let room = len - archive.filled(range);
                if u64::from(bytes.length()) > room {
                    // A server that knows no ranges sends what follows as well.
                    let room = u32::try_from(room).unwrap_or(u32::MAX);
                    if archive.file().is_none() {
                        let detail = format!("{url} is longer than the {len} bytes that are stated");
                        return Err(failed(Trouble::TooLarge, detail).into());
                    }
                    stream.bytes(archive.gather(range, &bytes.subarray(0, room))).await?;
                    break None;
                }
                stream.bytes(archive.gather(range, &bytes)).await?;
                if pace.lets_in().await {
                    self.progress(job, place, archive.filled(range), len)?;
                }
            };
            stream.bytes(archive.lend(range)).await?;
            match cut {
                // Shorter than stated, if the server says that this is all: its digest will tell.
                None => break,
                Some(_) if archive.filled(range) >= len => break,
                Some(error) => exchange.cut(archive.filled(range), &error),
            }
        }
        self.progress(job, place, archive.filled(range), len)
    }

    /// Tells what a server has to say to people.
    fn tell_warnings(&self, job: Job, head: &Head) {
        for warning in registry::warnings(head) {
            self.event(job, Event::Remote(News::Warning(warning)));
        }
    }

    /// A blob that another open image has.
    fn known(&self, job: Job, digest: &crate::digest::Digest) -> Option<web_sys::Blob> {
        let state = self.state.borrow();
        let others = state.shelf.archives.iter().map(|(id, opened)| (Job(id.0), opened));
        others.filter(|(other, _)| *other != job).find_map(|(other, opened)| {
            let range = opened.session.verified_blob(digest)?;
            state.sources.get(&other)?.slice(range).ok()
        })
    }

    /// Answers about images elsewhere.
    pub(super) async fn answer_remote(self: &Rc<Self>, job: Job, ask: Ask) -> Result<Reply, Failure> {
        let answer = match ask {
            Ask::LogIn { place, credentials } => {
                if let Some(origin) = parse(&place)?.origin() {
                    self.auth.borrow_mut().log_in(origin, credentials);
                }
                Answer::Done
            }
            Ask::Fetch(layers) => {
                let archive = self.remote_of(job)?;
                self.want(job, &archive, &layers, layers.is_empty())?;
                if !self.state.borrow_mut().queue.read_on(job) {
                    return Ok(Reply::Remote(Answer::Done));
                }
                self.event(job, Event::Remote(News::Resumed));
                let server = Rc::clone(self);
                spawn_local(async move { server.go_on().await });
                Answer::Done
            }
            Ask::Tags { place, gateway, next } => {
                let first = registry::tags_target(&parse(&place)?, gateway.as_deref());
                let first = first.ok_or_else(|| failed(Trouble::NotFound, String::new()))?;
                let target = match next {
                    Some(next) => {
                        registry::next_target(&first, &next).map_err(|trouble| failed(trouble, next))?
                    }
                    None => first,
                };
                let url = target.url.clone();
                let (head, body) = self.document(target, limits::JSON_DOCUMENT).await?;
                let (tags, next) = registry::tags(&head, &body).map_err(|trouble| failed(trouble, url))?;
                Answer::Tags { tags, next, warnings: registry::warnings(&head) }
            }
            Ask::Referrers => {
                let archive = self.remote_of(job)?;
                let (place, gateway) = (parse(&archive.place)?, archive.gateway.as_deref());
                let manifest = archive.manifest.clone();
                let search = manifest.and_then(|digest| ReferrerSearch::new(&place, gateway, digest));
                let mut search = search.ok_or_else(|| failed(Trouble::NotFound, String::new()))?;
                while let Some(target) = search.next() {
                    match self.document(target, limits::JSON_DOCUMENT).await {
                        Ok((head, body)) => {
                            self.tell_warnings(job, &head);
                            search.supply(&head, &body);
                        }
                        Err(Failure { kind: FailureKind::Remote(trouble), detail, .. }) => {
                            search.fail(trouble, detail);
                        }
                        Err(failure) => return Err(failure),
                    }
                }
                let (found, unknown) = search.finish();
                Answer::Referrers(found, unknown)
            }
            Ask::Read(digest) => {
                let archive = self.remote_of(job)?;
                let (place, gateway) = (parse(&archive.place)?, archive.gateway.as_deref());
                let reading = ArtifactReading::new(&place, gateway, digest);
                let mut reading = reading.ok_or_else(|| failed(Trouble::NotFound, String::new()))?;
                while let Some((target, limit)) = reading.next() {
                    let url = target.url.clone();
                    match self.document(target, limit).await {
                        Ok((head, body)) => {
                            reading.supply(&head, body).map_err(|trouble| failed(trouble, url))?;
                        }
                        Err(Failure { kind: FailureKind::Remote(Trouble::TooLarge), .. })
                            if reading.pass_over() => {}
                        Err(failure) => return Err(failure),
                    }
                }
                Answer::Documents(reading.finish())
            }
        };
        Ok(Reply::Remote(answer))
    }

    fn remote_of(&self, job: Job) -> Result<Rc<platform::Remote>, Failure> {
        let state = self.state.borrow();
        match state.sources.get(&job) {
            Some(Source::Remote(archive)) => Ok(Rc::clone(archive)),
            _ => Err(failed(Trouble::NotFound, "what is open is not elsewhere".to_owned())),
        }
    }
}

/// Carries out work on an archive for as long as it `may` go on, also while a server keeps silent.
pub(super) async fn unless<T>(
    work: impl Future<Output = Result<T, Stop>>,
    may: impl Fn() -> Result<(), Stop>,
) -> Result<T, Stop> {
    let ended = async {
        loop {
            platform::sleep(LOOK_MS).await;
            if let Err(stop) = may() {
                return stop;
            }
        }
    };
    match select(pin!(work), pin!(ended)).await {
        Either::Left((result, _)) => result,
        Either::Right((stop, _)) => Err(stop),
    }
}

/// Lays the files of an image out one after the other.
fn lay_out(plan: Plan, remote: &Remote) -> Result<(platform::Remote, Vec<Member>), Failure> {
    let files = plan.files.iter().map(|file| (file.path.as_str().into(), MemberKind::File, file.size));
    let members = Member::of_directory(files);
    let len = members.last().map_or(0, |last| last.offset.saturating_add(last.size));
    let archive =
        platform::Remote::new(remote.place.clone(), remote.gateway.clone(), Some(plan.manifest), len, None);
    for (file, member) in plan.files.into_iter().zip(&members) {
        let range = member.offset..member.offset.saturating_add(member.size);
        match file.content {
            Content::Bytes(bytes) => archive.add_bytes(member.offset, &bytes)?,
            Content::Blob(target, digest) => archive.add(range, Some(target), Some(digest)),
        }
    }
    Ok((archive, members))
}

/// Reads what has come of an archive.
fn supply(
    opening: &mut Opening,
    archive: &platform::Remote,
    range: &Range<u64>,
    pieces: Vec<Uint8Array>,
) -> Result<(), Failure> {
    pieces.iter().try_for_each(|piece| opening.supply(&piece.to_vec()))?;
    archive.keep(range, pieces)
}

/// Passes over bytes that are there already.
async fn skipped(mut fetched: Fetched, mut skip: u64) -> Result<Fetched, Failure> {
    while skip > 0 {
        let bytes = fetched.next().await.map_err(|error| failed(Trouble::Cut, error))?;
        let Some(bytes) = bytes else { break };
        let len = u64::from(bytes.length());
        if len > skip {
            // Within the page's limits of a piece, this fits.
            fetched.put_back(bytes.subarray(u32::try_from(skip).unwrap_or(u32::MAX), bytes.length()));
        }
        skip = skip.saturating_sub(len);
    }
    Ok(fetched)
}

fn parse(place: &str) -> Result<Place, Failure> {
    Place::parse(place).map_err(|error| failed(Trouble::NotFound, error.to_string()))
}

fn failed(trouble: Trouble, detail: String) -> Failure {
    Failure { kind: FailureKind::Remote(trouble), detail, offset: None }
}
