//! What a feed's settings mean, once they are known to make sense.

use component::Mapping;
use model::TimeFormat;

use crate::settings::{FeedSettings, Growing, Paging};

/// A feed that can be read.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub name: String,
    pub settings: FeedSettings,
    pub mapping: Mapping,
    pub order: Order,
    /// Format of the parameter that resumes, where it is another one than the field's.
    pub parameter: Option<TimeFormat>,
}

/// How values of what grows are compared.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    Text,
    Number,
    Time(TimeFormat),
}

impl Plan {
    /// Checks a feed; the error begins with the setting that is wrong.
    pub fn new(name: &str, settings: &FeedSettings) -> Result<Self, String> {
        let at = |setting: &str, reason: String| format!("feeds.{name}.{setting}: {reason}");
        let path = &settings.path;
        if !path.is_empty() && !path.starts_with('/') || path.contains(['?', '#']) {
            let reason = format!("{path:?} is no path such as /v1/rows; parameters go into query");
            return Err(at("path", reason));
        }
        check_paging(&settings.paging).map_err(|reason| at("paging", reason))?;
        let has_id = !settings.id.is_empty();
        let mapping = Mapping::new(settings.event.0, &settings.fields, has_id)
            .map_err(|reason| format!("feeds.{name}.{reason}"))?;
        let growing = settings.cursor.as_ref();
        let orders = growing.map(order).transpose().map_err(|reason| at("cursor", reason))?;
        let (order, parameter) = orders.unwrap_or((Order::Text, None));
        Ok(Self { name: name.to_owned(), settings: settings.clone(), mapping, order, parameter })
    }
}

fn check_paging(paging: &Paging) -> Result<(), String> {
    let (Paging::Page(pages) | Paging::Offset(pages)) = paging else { return Ok(()) };
    match (pages.size, &pages.size_parameter) {
        (Some(0), _) => Err("size: a page has at least one item".to_owned()),
        (None, Some(_)) => Err("size_parameter needs a size".to_owned()),
        _ => Ok(()),
    }
}

fn order(growing: &Growing) -> Result<(Order, Option<TimeFormat>), String> {
    let format = |name: &str, format: &str| {
        TimeFormat::parse(format, &growing.zone).map_err(|reason| format!("{name}: {reason}"))
    };
    let order = match growing.format.as_str() {
        "text" => Order::Text,
        "number" => Order::Number,
        other => Order::Time(format("format", other)?),
    };
    let parameter = growing.parameter_format.as_deref();
    let parameter = parameter.map(|text| format("parameter_format", text)).transpose()?;
    if parameter.is_some() && !matches!(order, Order::Time(_)) {
        return Err("parameter_format: only a time can be written in another format".to_owned());
    }
    Ok((order, parameter))
}
