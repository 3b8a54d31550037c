//! Every component there is: the only list, and the only file that names vendors one by one.

use runtime::{Entry, ProcessorEntry};

/// Makes the lists from one line a component. The connector is the crate.
macro_rules! components {
    ($($kind:ident $vendor:ident :: $name:ident as $feature:literal;)*) => {
        /// Sources and sinks: connector, feature key, entry.
        pub const COMPONENTS: &[(&str, &str, Entry)] = &[
            $((stringify!($vendor), $feature, runtime::$kind::<$vendor::$name>()),)*
        ];
    };
}

components! {
}

/// Every processor.
pub const PROCESSORS: &[ProcessorEntry] = &[
    runtime::processor::<track::Track>(),
];
