//! Literate specs: Markdown pages that are tests, run over an in-memory gateway with a manual clock.
//!
//! Every heading begins a case. In a case stand fenced blocks, run in their order:
//!
//! | block | what |
//! |---|---|
//! | ```` ```policy inbound ```` | policies of that section (also `backend`, `outbound`, `on-error`); `scope=product` or `scope=global` puts them at another scope |
//! | ```` ```policy ```` | a whole document at API scope |
//! | ```` ```fragment ID ```` | a policy fragment |
//! | ```` ```named-values ```` | lines `name = value` |
//! | ```` ```file PATH ```` | a file of the configuration, as in a folder of artifacts: backends, schemas, `apis/api/specification.yaml` for the API's operations |
//! | ```` ```tier NAME ```` | the tier of the service, such as `StandardV2`; `Developer` without one |
//! | ```` ```connection PROVIDER ID ```` | a connection of the credential manager: lines `access-token = …`, `claim NAME = …`, `allow = …`, `error = …` |
//! | ```` ```certificate NAME ```` | a certificate, PEM; `authority` makes it one that is trusted, `service` one of the service (a private key may follow) |
//! | ```` ```revocations ```` | a revocation list, PEM |
//! | ```` ```response STATUS TYPE ```` | a response that every operation declares: its schema, or with `example` an example |
//! | ```` ```entity NAME ```` | a backend entity: lines `url = …`, `header.NAME = …`, `query.NAME = …`, `authorization = SCHEME PARAMETER`, `identity = RESOURCE` |
//! | ```` ```backend ```` | the answer of the backend from here on: a status line, headers, an empty line, the body; `then` puts it behind those before, each used once and the last for good |
//! | ```` ```backend error ```` | the backend is not reached from here on; `timeout` instead of `error` for a timeout; `host=NAME` for one server alone |
//! | ```` ```http ```` | a request: `GET /path`, headers, an empty line, the body; `after=20s`, `ip=…`, `key=none`, `from=NAME` (private endpoint), `unrouted` (no API matches), `certificate=NAME` (of the client) |
//! | ```` ```answer ```` | what the client gets: status line, headers that must be there (`Name: -` must not), an empty line, the whole body |
//! | ```` ```forwarded ```` | what the backend got last (`call=2`: second of all): request line, headers, body, in the same manner |
//! | ```` ```delivered KIND ```` | what was delivered to sinks of that kind (`eventhub`, `metric`, …) since last asked: a JSON object on each line |
//! | ```` ```last-error ```` | `Source: …`, `Reason: …`, … of `context.LastError` |
//! | ```` ```refused ```` | texts that the refusals of the document must contain, one for each line |
//!
//! A case begins with the default backend: `200 OK` with the body `backend`.

mod client;
mod message;
mod page;
mod route;
mod run;
mod setup;

pub use page::{Block, Case, Page};
pub use run::{Failure, run_case};
