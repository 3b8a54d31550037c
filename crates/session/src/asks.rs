//! Sources of a vendor whose components each open a session of the same kind.

use std::future::Future;

use component::{Batch, Feed, Host, Result, Saved, Settings, Source};

use crate::poll::{Poll, Polled, Talk};

/// A session that every component of a vendor opens for itself.
pub trait Opens: Talk + Sized + 'static {
    /// The vendor's `connection` and `authentication`.
    type System: Settings;
    /// One attempt to open it. Components of one system stand at different places.
    fn open(
        system: &Self::System,
        host: &Host,
        place: i32,
    ) -> impl Future<Output = Result<Self>> + Send;
}

/// What is to be known of a feed that polls for it to be a source.
pub trait Asks<T: Opens>: Polled<T> + Sized + 'static {
    /// Name of the component.
    const NAME: &'static str;
    /// Topics it publishes to.
    const PUBLISHES: &'static [&'static str];
    /// Where it stands among the components of its system.
    const PLACE: i32;
    /// Settings of the component.
    type Settings: Settings;

    /// A feed that has not asked yet, and the seconds between two times that it does.
    fn of(settings: Self::Settings) -> Result<(Self, u64)>;
}

impl<T: Opens, P: Asks<T>> Source for Poll<T, P>
where
    P::Cursor: Saved,
{
    const NAME: &'static str = P::NAME;
    const FEED: Feed = Feed::Exact;
    const PUBLISHES: &'static [&'static str] = P::PUBLISHES;
    type System = T::System;
    type Settings = P::Settings;
    type Cursor = P::Cursor;

    async fn connect(system: T::System, settings: P::Settings, host: Host) -> Result<Self> {
        let (polled, every_secs) = P::of(settings)?;
        let talk = T::open(&system, &host, P::PLACE).await?;
        Ok(Self::new(talk, &host.clock, every_secs, polled))
    }

    async fn read(&mut self, cursor: &P::Cursor) -> Result<Batch<P::Cursor>> {
        Poll::read(self, cursor).await
    }
}
