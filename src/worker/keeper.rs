//! Keeps indexes in the browser, and has archives recall them.

use wasm_bindgen_futures::spawn_local;

use super::{
    kept::{Ask, KeptIndex, News, Own, Told},
    protocol::{Event, Failure, FailureKind, Job, Reply},
    server::Server,
};
use crate::{
    platform::{self, KeepError, Kept, Source},
    session::{NOTE_MAX, Note, Remembered, Session, Unusable},
};

/// The folder of kept indexes.
const FOLDER: &str = "indexes";

impl Server {
    /// Answers about what is kept.
    pub(super) async fn answer_kept(&self, job: Job, ask: Ask) -> Result<Reply, Failure> {
        match ask {
            Ask::List => {}
            Ask::Keep => {
                let name = self.archive_name(job)?;
                let (remembered, len) =
                    self.with_session(job, |session| (session.remember(), session.archive_len()))?;
                let remembered = remembered.ok_or_else(|| Failure {
                    kind: FailureKind::NotKept,
                    detail: "the archive has not been read to its end, or cannot be told from others"
                        .to_owned(),
                    offset: None,
                })?;
                let note = Note { name, len, saved: platform::clock().secs };
                let key = remembered.identity().key();
                Kept::folder(FOLDER).await?.write(&key, &[&remembered.to_bytes(&note)]).await?;
            }
            Ask::Forget(key) => {
                if let Some(folder) = Kept::find(FOLDER).await? {
                    folder.remove(&key).await?;
                }
            }
            Ask::ForgetAll => {
                if let Some(folder) = Kept::find(FOLDER).await? {
                    for key in folder.names().await? {
                        folder.remove(&key).await?;
                    }
                }
            }
        }
        let kept = list().await?;
        let own = self.with_session(job, |session| match session.identity() {
            None => Own::Unfit,
            Some(identity) if session.can_be_remembered() => Own::Under(identity.key()),
            Some(_) => Own::Unread,
        });
        Ok(Reply::Kept(Told { kept, own: own.unwrap_or(Own::Unfit) }))
    }

    /// Takes on what is kept of an archive whose documents are read, if anything is. What cannot be used is removed.
    pub(super) async fn recall(&self, session: &mut Session, source: &Source) -> Option<News> {
        // What comes from elsewhere is laid out as it comes.
        let Source::Blob(_) = source else { return None };
        let key = session.identity()?.key();
        let folder = Kept::find(FOLDER).await.ok()??;
        let (_, bytes) = folder.read(&key, u64::MAX).await.ok()??;
        let news = match Remembered::from_bytes(&bytes) {
            Ok(remembered) => {
                if session.recall(remembered) {
                    return Some(News::Recalled);
                }
                News::Damaged
            }
            Err(Unusable::Damaged) => News::Damaged,
            Err(Unusable::Version) => News::Outdated,
        };
        // Should it stay, it is found unusable again.
        let _ = folder.remove(&key).await;
        Some(news)
    }

    /// A layer was not what had been kept.
    pub(super) fn contradicted(&self, job: Job) {
        self.event(job, Event::Kept(News::Contradicted));
        let identity = self.with_session(job, |session| session.identity()).ok().flatten();
        if let Some(identity) = identity {
            spawn_local(async move {
                // Should it stay, it is contradicted again.
                if let Ok(Some(folder)) = Kept::find(FOLDER).await {
                    let _ = folder.remove(&identity.key()).await;
                }
            });
        }
    }
}

/// What is kept, the newest first.
async fn list() -> Result<Vec<KeptIndex>, Failure> {
    let mut kept = Vec::new();
    let Some(folder) = Kept::find(FOLDER).await? else { return Ok(kept) };
    for key in folder.names().await? {
        let Some((bytes, head)) = folder.read(&key, NOTE_MAX).await? else { continue };
        // What cannot be read has no name; it can be forgotten.
        let note = Note::from_head(&head).unwrap_or_default();
        kept.push(KeptIndex { key, name: note.name, len: note.len, saved: note.saved, bytes });
    }
    kept.sort_by(|a, b| b.saved.cmp(&a.saved).then_with(|| a.key.cmp(&b.key)));
    Ok(kept)
}

impl From<KeepError> for Failure {
    fn from(error: KeepError) -> Self {
        let kind = match error {
            KeepError::Full(_) => FailureKind::NoRoom,
            KeepError::Missing(_) | KeepError::Busy(_) | KeepError::Failed(_) => FailureKind::NotKept,
        };
        Self { kind, detail: error.to_string(), offset: None }
    }
}
