//! What is sound passes, through the same macros that connectors use.

mod source {
    use crate::toy::{Items, Rig, Twin};

    testkit::source!(Items, mock = Rig, settings = Twin::None.settings());
}

mod sink {
    use crate::toy::{Desk, Orders, Twin};

    testkit::sink!(Orders, mock = Desk, settings = Twin::None.settings());
}

mod processor {
    use crate::toy::{Sum, Twin, story};

    testkit::processor!(Sum, settings = Twin::None.settings(), inputs = story);
}
