//! One test for each case of a component.

/// One test for each case of [`crate::source::CASES`]. More than one source in a file: each in a
/// module of its own.
#[macro_export]
macro_rules! source {
    (
        $source:ty,
        mock = $mock:ty,
        settings = $settings:expr
        $(, skip = { $($skipped:ident: $reason:expr),* $(,)? })? $(,)?
    ) => {
        $crate::cases!(
            run = |case: &str, skips: &[(&str, &str)]| {
                $crate::source::run::<$source, $mock>(case, $settings, skips);
            },
            skip = { $($($skipped: $reason),*)? },
            good_credentials,
            bad_credentials,
            fixtures,
            empty_page,
            paging,
            resume,
            future_cursor,
            drop_mid_read,
            cancel_safety,
            throttle,
            server_error,
            garbage,
            disconnect,
            half_open,
            stable_ids,
            shutdown,
        );
    };
}

/// One test for each case of [`crate::sink::CASES`].
#[macro_export]
macro_rules! sink {
    (
        $sink:ty,
        mock = $mock:ty,
        settings = $settings:expr
        $(, skip = { $($skipped:ident: $reason:expr),* $(,)? })? $(,)?
    ) => {
        $crate::cases!(
            run = |case: &str, skips: &[(&str, &str)]| {
                $crate::sink::run::<$sink, $mock>(case, $settings, skips);
            },
            skip = { $($($skipped: $reason),*)? },
            good_credentials,
            bad_credentials,
            accept,
            duplicate,
            rejection,
            lost_answer,
            lost_request,
            server_error,
            throttle,
            garbage,
            half_open,
            absent,
            batch,
            cancel,
            shutdown,
        );
    };
}

/// One test for each case of [`crate::processor::CASES`]. `inputs` is a function that gives the
/// events of a story, in order.
#[macro_export]
macro_rules! processor {
    (
        $processor:ty,
        settings = $settings:expr,
        inputs = $inputs:expr
        $(, skip = { $($skipped:ident: $reason:expr),* $(,)? })? $(,)?
    ) => {
        $crate::cases!(
            run = |case: &str, skips: &[(&str, &str)]| {
                $crate::processor::run::<$processor>(case, $settings, $inputs(), skips);
            },
            skip = { $($($skipped: $reason),*)? },
            replay,
            restart,
            refusals,
            ids,
            keys,
            states,
            ticks,
        );
    };
}

/// The tests themselves.
#[doc(hidden)]
#[macro_export]
macro_rules! cases {
    (
        run = $run:expr,
        skip = { $($skipped:ident: $reason:expr),* },
        $($case:ident),* $(,)?
    ) => {
        const SKIPS: &[(&str, &str)] = &[$((stringify!($skipped), $reason)),*];
        $(
            #[test]
            fn $case() {
                let run = $run;
                run(stringify!($case), SKIPS);
            }
        )*
    };
}
