//! AWS Organizations as a family: it tells the others which accounts there are.

use futures_util::future::BoxFuture;

use super::{KINDS, Reading, needs, read};
use crate::aws::AwsResult;
use crate::resource::{By, Desired, ErasedKind, Family, FamilyNeeds, FamilyReading, Live, ReadRun};
use crate::sandbox::World;

/// The family.
pub struct Organizations;

impl Family for Organizations {
    fn name(&self) -> &'static str {
        "organizations"
    }

    fn kinds(&self) -> &'static [&'static dyn ErasedKind] {
        KINDS
    }

    fn needs(&self, desired: &Desired) -> FamilyNeeds {
        needs::needs(desired)
    }

    fn import_needs(&self, _reads_regions: bool) -> Vec<(By, &'static [&'static str])> {
        needs::import_needs()
    }

    fn read<'r>(&'r self, run: &'r ReadRun<'r>) -> BoxFuture<'r, AwsResult<Box<dyn FamilyReading>>> {
        Box::pin(async move {
            let reading = read(run.sessions, run.desired, |address, id| run.accounts.tell(&address, &id)).await;
            run.accounts.close();
            Ok(Box::new(reading?) as Box<dyn FamilyReading>)
        })
    }
}

impl FamilyReading for Reading {
    fn bind<'r>(&'r mut self, run: &'r ReadRun<'r>, live: &'r mut Live) -> BoxFuture<'r, AwsResult<()>> {
        Box::pin(async move {
            run.members.get_or_init(|| self.members());
            *live = Reading::bind(self, run.desired)?;
            Ok(())
        })
    }

    fn copy(&self, run: &ReadRun<'_>, copy: &mut World) {
        *copy = self.sandbox_world(run.desired);
    }
}
