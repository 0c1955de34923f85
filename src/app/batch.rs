//! Gathers what the worker tells, so that the page is drawn for many small things at once.

use std::{cell::RefCell, rc::Rc};

use gloo::timers::callback::Timeout;
use yew::Callback;

use super::{dom, state::Action};
use crate::worker::protocol::{Event, Job};

/// How long a small thing may wait for others, in milliseconds: three frames.
const WAIT: u32 = 50;

/// Takes what the worker tells on to `dispatch`, in its order. What is told of each of an image's layers, of which there may be
/// hundreds, waits a moment for more; all else is told at once, and what waits before it.
pub fn batched(dispatch: impl Fn(Action) + 'static) -> Callback<(Job, Event)> {
    let held = Rc::new(RefCell::new(Vec::new()));
    let dispatch = Rc::new(dispatch);
    Callback::from(move |(job, event)| {
        let is_small = matches!(event, Event::Progress(_) | Event::Layer { .. } | Event::Anomalies(_));
        let is_first = held.borrow().is_empty();
        held.borrow_mut().push(Action::Event { job, event, at: dom::now() });
        let (held, dispatch) = (Rc::clone(&held), Rc::clone(&dispatch));
        // What is dispatched in one turn is drawn once.
        let flush = move || held.take().into_iter().for_each(|action| dispatch(action));
        if !is_small {
            flush();
        } else if is_first {
            // The others go with it: with a timer for each, they would be flushed one by one.
            Timeout::new(WAIT, flush).forget();
        }
    })
}
