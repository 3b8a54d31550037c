//! Time, ids, and other things about the connection itself.

use mockkit::time::SECOND;

use super::{Ask, Result};
use crate::refusal::Refusal;
use crate::wire::*;

/// Nothing left if it was answered here.
pub fn answer(ask: &mut Ask<'_>, request: Request) -> Result<Option<Request>> {
    match request {
        Request::CurrentTimeRequest(_) => {
            let current_time = Some(ask.state.now().div_euclid(SECOND));
            ask.tell(Answer::CurrentTime(CurrentTime { current_time }));
        }
        Request::CurrentTimeInMillisRequest(_) => {
            let current_time_in_millis = Some(ask.state.now().div_euclid(1_000_000));
            ask.tell(Answer::CurrentTimeInMillis(CurrentTimeInMillis { current_time_in_millis }));
        }
        Request::IdsRequest(_) => {
            let order_id = Some(ask.state.desk.next_id(ask.me().client_id));
            ask.tell(Answer::NextValidId(NextValidId { order_id }));
        }
        Request::ManagedAccountsRequest(_) => {
            let ids: Vec<&str> =
                ask.state.desk.accounts.iter().map(|account| account.id.as_str()).collect();
            let accounts_list = Some(ids.join(","));
            ask.tell(Answer::ManagedAccounts(ManagedAccounts { accounts_list }));
        }
        Request::SetServerLogLevelRequest(_) | Request::StartApiRequest(_) => {}
        Request::UserInfoRequest(user) => {
            let user = UserInfo { req_id: user.req_id, white_branding_id: Some(String::new()) };
            ask.tell(Answer::UserInfo(user));
        }
        Request::FARequest(_) | Request::FAReplace(_) => {
            return Err(Refusal::invalid("FA data operations ignored for non FA customers."));
        }
        Request::VerifyRequest(_) | Request::VerifyMessageRequest(_) => {
            let text = "Verification is not required";
            ask.tell(Answer::VerifyCompleted(VerifyCompleted {
                is_successful: Some(true),
                error_text: Some(text.to_owned()),
            }));
        }
        Request::ConfigRequest(config) => ask.tell(configuration(ask, config.req_id)),
        Request::UpdateConfigRequest(update) => {
            ask.tell(Answer::UpdateConfigResponse(UpdateConfigResponse {
                req_id: update.req_id,
                status: Some("error".to_owned()),
                message: Some("The configuration of this program cannot be changed".to_owned()),
                ..UpdateConfigResponse::default()
            }));
        }
        request => return groups(ask, request),
    }
    Ok(None)
}

fn configuration(ask: &Ask<'_>, req_id: Option<i32>) -> Answer {
    let settings = &ask.world.settings;
    let api = ApiSettingsConfig {
        read_only_api: Some(settings.read_only),
        socket_port: Some(i32::from(settings.listen.port())),
        master_client_id: settings.master_client_id,
        download_open_orders_on_connection: Some(true),
        reject_messages_above_max_rate: Some(true),
        ..ApiSettingsConfig::default()
    };
    Answer::ConfigResponse(ConfigResponse {
        req_id,
        lock_and_exit: Some(LockAndExitConfig {
            auto_logoff_time: Some("23:45".to_owned()),
            auto_logoff_period: Some("PM".to_owned()),
            auto_logoff_type: Some("restart".to_owned()),
        }),
        api: Some(ApiConfig { settings: Some(api), ..ApiConfig::default() }),
        orders: Some(OrdersConfig { smart_routing: Some(OrdersSmartRoutingConfig::default()) }),
        messages: Vec::new(),
    })
}

/// Windows of the program that follow each other's contract, by color.
const GROUPS: &str = "1|2|3|4|5|6|7";

fn groups(ask: &mut Ask<'_>, request: Request) -> Result<Option<Request>> {
    match request {
        Request::QueryDisplayGroupsRequest(query) => {
            let groups = Some(GROUPS.to_owned());
            let req_id = query.req_id;
            ask.tell(Answer::DisplayGroupList(DisplayGroupList { req_id, groups }));
        }
        Request::SubscribeToGroupEventsRequest(subscribe) => {
            let group = subscribe.group_id.unwrap_or(0);
            let shown = ask.state.group.entry(group).or_insert("none".to_owned()).clone();
            ask.tell(Answer::DisplayGroupUpdated(DisplayGroupUpdated {
                req_id: subscribe.req_id,
                contract_info: Some(shown),
            }));
        }
        Request::UpdateDisplayGroupRequest(update) => {
            ask.tell(Answer::DisplayGroupUpdated(DisplayGroupUpdated {
                req_id: update.req_id,
                contract_info: update.contract_info,
            }));
        }
        Request::UnsubscribeFromGroupEventsRequest(_) => {}
        request => return Ok(Some(request)),
    }
    Ok(None)
}
