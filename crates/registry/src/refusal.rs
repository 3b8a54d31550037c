//! Why the registry says no, in the codes that Confluent's clients know.

/// An answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({code})")]
pub(crate) struct Refusal {
    pub status: u16,
    pub code: u32,
    pub message: String,
}

impl Refusal {
    fn new(status: u16, code: u32, message: String) -> Refusal {
        Refusal { status, code, message }
    }

    pub fn no_subject(subject: &str) -> Refusal {
        Refusal::new(404, 40401, format!("Subject '{subject}' not found."))
    }

    pub fn no_version(version: i64) -> Refusal {
        Refusal::new(404, 40402, format!("Version {version} not found."))
    }

    pub fn no_schema() -> Refusal {
        Refusal::new(404, 40403, "Schema not found".to_owned())
    }

    pub fn no_id(id: i32) -> Refusal {
        Refusal::new(404, 40403, format!("Schema {id} not found"))
    }

    pub fn subject_deleted(subject: &str) -> Refusal {
        let message = format!(
            "Subject '{subject}' was soft deleted. Set permanent=true to delete permanently"
        );
        Refusal::new(404, 40404, message)
    }

    pub fn subject_not_deleted(subject: &str) -> Refusal {
        let message =
            format!("Subject '{subject}' was not deleted first before being permanently deleted");
        Refusal::new(404, 40405, message)
    }

    pub fn version_deleted(subject: &str, version: i32) -> Refusal {
        let message = format!(
            "Subject '{subject}' Version {version} was soft deleted. Set permanent=true to delete \
             permanently"
        );
        Refusal::new(404, 40406, message)
    }

    pub fn version_not_deleted(subject: &str, version: i32) -> Refusal {
        let message = format!(
            "Subject '{subject}' Version {version} was not deleted first before being permanently \
             deleted"
        );
        Refusal::new(404, 40407, message)
    }

    pub fn no_level(subject: &str) -> Refusal {
        let message =
            format!("Subject '{subject}' does not have subject-level compatibility configured");
        Refusal::new(404, 40408, message)
    }

    pub fn no_mode(subject: &str) -> Refusal {
        let message = format!("Subject '{subject}' does not have subject-level mode configured");
        Refusal::new(404, 40409, message)
    }

    pub fn incompatible(message: String) -> Refusal {
        Refusal::new(409, 409, message)
    }

    pub fn invalid_schema(reason: impl std::fmt::Display) -> Refusal {
        Refusal::new(422, 42201, format!("Invalid schema: {reason}"))
    }

    pub fn invalid_version(version: &str) -> Refusal {
        let message = format!(
            "The specified version '{version}' is not a valid version id. Allowed values are \
             between [1, 2^31-1] and the string \"latest\""
        );
        Refusal::new(422, 42202, message)
    }

    pub fn invalid_level(reason: impl std::fmt::Display) -> Refusal {
        Refusal::new(422, 42203, format!("Invalid compatibility level: {reason}"))
    }

    pub fn invalid_mode(mode: &str) -> Refusal {
        let message = format!(
            "Invalid mode '{mode}'. Valid values are READWRITE, READONLY, READONLY_OVERRIDE and \
             IMPORT"
        );
        Refusal::new(422, 42204, message)
    }

    pub fn not_permitted(reason: impl std::fmt::Display) -> Refusal {
        Refusal::new(422, 42205, reason.to_string())
    }

    pub fn referenced(subject: &str, version: i32) -> Refusal {
        let message = format!(
            "One or more references exist to the schema {{magic=1,keytype=SCHEMA,subject={subject},\
             version={version}}}."
        );
        Refusal::new(422, 42206, message)
    }

    pub fn invalid_subject(subject: &str) -> Refusal {
        Refusal::new(
            422,
            42208,
            format!("The specified subject '{subject}' is not a valid subject."),
        )
    }

    pub fn bad_request(reason: impl std::fmt::Display) -> Refusal {
        Refusal::new(400, 400, reason.to_string())
    }

    pub fn store(reason: impl std::fmt::Display) -> Refusal {
        Refusal::new(500, 50001, format!("Error in the backend data store: {reason}"))
    }

    pub fn timeout() -> Refusal {
        Refusal::new(500, 50002, "Operation timed out".to_owned())
    }

    pub fn no_route() -> Refusal {
        Refusal::new(404, 404, "HTTP 404 Not Found".to_owned())
    }

    pub fn no_method() -> Refusal {
        Refusal::new(405, 405, "HTTP 405 Method Not Allowed".to_owned())
    }

    pub fn too_large(limit: usize) -> Refusal {
        Refusal::new(413, 413, format!("The request is larger than {limit} bytes"))
    }
}
