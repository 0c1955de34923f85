//! What the page is told of an archive while it is read: no more often than anybody can see.

use super::protocol::Event;

/// The news of one archive.
#[derive(Debug, Default)]
pub struct News {
    /// The newest [`Event::Merged`] of each image that has not been told.
    held: Vec<Event>,
}

impl News {
    /// What to tell of the events that are new. That more layers are merged has the page show its tree anew: of an image with
    /// hundreds of layers it is told only when that `is_due`, or when its layers are `whole`.
    pub fn of(
        &mut self,
        events: Vec<Event>,
        is_due: impl FnOnce() -> bool,
        whole: impl Fn(u32, u32) -> bool,
    ) -> Vec<Event> {
        let mut told = Vec::new();
        for event in events {
            let Event::Merged { image, layers, .. } = event else {
                told.push(event);
                continue;
            };
            self.held.retain(|held| !matches!(held, Event::Merged { image: other, .. } if *other == image));
            if whole(image, layers) { &mut told } else { &mut self.held }.push(event);
        }
        if !self.held.is_empty() && is_due() {
            told.append(&mut self.held);
        }
        told
    }

    /// What has not been told, when nothing more comes.
    pub fn rest(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(image: u32, layers: u32) -> Event {
        let totals = Default::default();
        Event::Merged { image, layers, totals, os: None, kernel: Vec::new() }
    }

    #[test]
    fn merged_layers_are_told_when_it_is_time_and_when_all_are() {
        let mut news = News::default();
        let mut of = |events, is_due| news.of(events, || is_due, |_, layers| layers == 9);
        assert_eq!(of(vec![merged(0, 1), Event::Finished], false), [Event::Finished]);
        assert_eq!(of(vec![merged(0, 2), merged(1, 1)], false), []);
        assert_eq!(of(Vec::new(), true), [merged(0, 2), merged(1, 1)]);
        assert_eq!(of(Vec::new(), true), []);
        assert_eq!(of(vec![merged(0, 3)], false), []);
        assert_eq!(of(vec![merged(0, 9)], false), [merged(0, 9)], "what is out of date is not told later");
        assert_eq!(of(vec![merged(1, 2)], false), []);
        assert_eq!(news.rest(), [merged(1, 2)]);
        assert_eq!(news.rest(), []);
    }
}
