//! The command line.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ipnet::Ipv4Net;

/// A local stand-in for the Azure API Management gateway: it takes the policy files you have and answers as the cloud
/// gateway would. Without a command it serves its built-in sample.
#[derive(Debug, Parser)]
#[command(name = "apimite", version, about, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve a folder of APIs and policies (the built-in sample without one)
    Serve(Serve),
    /// Report everything that would be refused, with its place and the way out
    Check(Check),
    /// Evaluate policy expressions
    Eval(Eval),
    /// Show which API, operation, product and policies a request meets
    Explain(Explain),
    /// Write a commented starter folder
    Init(Init),
    /// Switch public network access of a running gateway on or off; takes effect with the next request
    PublicAccess(PublicAccess),
    /// Show how the real `az` signs in to the running gateway, or write it a folder
    AzLogin(AzLogin),
    /// Move, freeze or resume the clock of a running gateway
    Clock(ClockArgs),
    /// Read the configuration of a running gateway again
    Reload(Management),
    /// Ask a gateway whether it serves; exit status 0 when it does (for container health checks)
    Health(Health),
    /// List, show, set or reset the counters of a running gateway (`/apimite/metrics` of its management listener has the numbers of
    /// each limit for Prometheus)
    Counters(CountersArgs),
    /// Send a request to a running gateway and show what each policy did to it
    Trace(Trace),
    /// List, approve, reject or delete private endpoint connections of a running gateway
    Connection(Connection),
    /// Plan a subnet, or try what an instance in a virtual network depends on
    Network(Network),
    /// Answer DNS: names of the gateway and private records, by who asks
    Dns(Dns),
    /// Be a hop from a private endpoint to a gateway: endpoint, Private Link Service, load balancer or forwarder
    Link(Box<Link>),
    /// Show what a limit would do under a load, in virtual time (`apimite simulate --help`)
    #[command(disable_help_flag = true)]
    Simulate {
        /// Arguments of the simulation
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

#[derive(Debug, Default, Args)]
pub(crate) struct Serve {
    /// APIOps folder, with `apimite.toml` in it or beside it
    pub(crate) folder: Option<PathBuf>,
    /// Serve one policy document instead of a folder
    #[arg(long, value_name = "FILE", conflicts_with = "folder")]
    pub(crate) policy: Option<PathBuf>,
    /// Serve an OpenAPI or Swagger definition instead of a folder
    #[arg(long, value_name = "FILE", conflicts_with_all = ["folder", "policy"])]
    pub(crate) openapi: Option<PathBuf>,
    /// A WSDL given to --openapi becomes a REST API with JSON bodies
    #[arg(long, requires = "openapi")]
    pub(crate) soap_to_rest: bool,
    /// Backend for --policy and --openapi; without one the built-in echo backend answers
    #[arg(long, value_name = "URL")]
    pub(crate) backend: Option<String>,
    /// Address of the HTTP listener; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) http: Option<SocketAddr>,
    /// Address of the HTTPS listener; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) https: Option<SocketAddr>,
    /// Address of the management listener; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) management: Option<SocketAddr>,
    /// Address of Azure Resource Manager for `az` (HTTPS); port 0 takes a free one, `off` leaves it out
    /// [default: 127.0.0.1:8244]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) arm: Option<String>,
    /// Secret of the service principal `local` for `az login`
    #[arg(long, value_name = "SECRET", default_value = "local", env = "APIMITE_ARM_SECRET", hide_env_values = true)]
    pub(crate) arm_secret: String,
    /// Long operations of Azure Resource Manager finish at once, or take the time they take in Azure
    #[arg(long, value_enum, default_value_t)]
    pub(crate) long_operations: LongOperations,
    /// Write every bound address to this file as JSON once requests are answered
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
    /// Print every bound address as one line of JSON, and nothing else, once requests are answered
    #[arg(long)]
    pub(crate) json: bool,
    /// Worker threads [default: one for each core]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) workers: usize,
    /// No line per request
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Do not watch files for changes
    #[arg(long)]
    pub(crate) no_watch: bool,
    /// Let the management listener move the clock
    #[arg(long)]
    pub(crate) allow_clock: bool,
    /// Trace every request; `apimite trace --last` shows the last one
    #[arg(long)]
    pub(crate) trace: bool,
    /// Seconds that requests in flight may take after SIGTERM [default: 30]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) drain: Option<u64>,
}

/// How long operations of Azure Resource Manager take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LongOperations {
    /// No time
    #[default]
    AtOnce,
    /// What they take in Azure, by the gateway's clock
    Azure,
}

#[derive(Debug, Args)]
pub(crate) struct AzLogin {
    /// Write a folder with all that `az` needs to be signed in, instead of printing commands
    pub(crate) folder: Option<PathBuf>,
    /// State folder of the running gateway
    #[arg(long, value_name = "FOLDER", default_value = ".apimite")]
    pub(crate) state: PathBuf,
    /// Secret that the gateway was started with
    #[arg(long, value_name = "SECRET", default_value = "local", env = "APIMITE_ARM_SECRET", hide_env_values = true)]
    pub(crate) secret: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Folders, policy documents, fragments or snippets
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// How refusals are written
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Accept types and members outside Azure's allow-list in expressions
    #[arg(long)]
    pub(crate) lenient: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Eval {
    /// `@(…)`, `@{…}`, or a bare expression
    pub(crate) expression: Option<String>,
    /// Evaluate over the request in this `.http` file
    #[arg(long, value_name = "FILE")]
    pub(crate) request: Option<PathBuf>,
    /// Evaluate over the context in this JSON file
    #[arg(long, value_name = "FILE", conflicts_with = "request")]
    pub(crate) context: Option<PathBuf>,
    /// Evaluate the cases of these JSON files and print one line of JSON for each
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) cases: Vec<PathBuf>,
    /// Read expressions line by line
    #[arg(long, short)]
    pub(crate) interactive: bool,
    /// Refuse types and members outside Azure's allow-list
    #[arg(long)]
    pub(crate) strict: bool,
    /// Follow .NET Framework 4.x where the generations differ
    #[arg(long)]
    pub(crate) framework: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Method
    pub(crate) method: String,
    /// URL, or path with query
    pub(crate) url: String,
    /// APIOps folder [default: the built-in sample]
    #[arg(long, short, value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
    /// Header, as `Name: value`; may be repeated
    #[arg(long, short = 'H', value_name = "HEADER")]
    pub(crate) header: Vec<String>,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Health {
    /// Address of the gateway's HTTP listener
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8280")]
    pub(crate) http: SocketAddr,
    /// The listener expects PROXY v2 headers: send that of a probe
    #[arg(long)]
    pub(crate) proxy_protocol: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Trace {
    /// Method
    #[arg(required_unless_present_any = ["last", "id", "list"])]
    pub(crate) method: Option<String>,
    /// URL of the running gateway, such as `http://127.0.0.1:8280/orders/42`
    #[arg(required_unless_present_any = ["last", "id", "list"])]
    pub(crate) url: Option<String>,
    /// Header, as `Name: value`; may be repeated
    #[arg(long, short = 'H', value_name = "HEADER")]
    pub(crate) header: Vec<String>,
    /// Body
    #[arg(long, short, value_name = "TEXT")]
    pub(crate) data: Option<String>,
    /// Show the last trace instead of sending a request
    #[arg(long, conflicts_with_all = ["method", "id", "list"])]
    pub(crate) last: bool,
    /// Show the trace with this id
    #[arg(long, conflicts_with_all = ["method", "list"])]
    pub(crate) id: Option<String>,
    /// List the last traces
    #[arg(long, conflicts_with = "method")]
    pub(crate) list: bool,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) at: Management,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Folder to write; it must not exist yet or be empty
    #[arg(default_value = "apim")]
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Management {
    /// Address of the management listener of the running gateway
    #[arg(long, global = true, value_name = "ADDRESS", default_value = "127.0.0.1:8281")]
    pub(crate) management: SocketAddr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

#[derive(Debug, Args)]
pub(crate) struct PublicAccess {
    /// Callers from the internet are admitted, or only private endpoint connections
    pub(crate) switch: Switch,
    #[command(flatten)]
    pub(crate) at: Management,
}

#[derive(Debug, Args)]
pub(crate) struct ClockArgs {
    #[command(subcommand)]
    pub(crate) action: ClockAction,
    #[command(flatten)]
    pub(crate) at: Management,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClockAction {
    /// Move the clock forward, for example by `90s`, `15m`, `1h` or `7d`
    Advance {
        /// How far
        by: String,
    },
    /// Stop the clock
    Freeze,
    /// Let it run on
    Resume,
    /// Show the gateway's time
    Show,
}

#[derive(Debug, Args)]
pub(crate) struct CountersArgs {
    #[command(subcommand)]
    pub(crate) action: CountersAction,
    /// Only counters of this policy, such as `rate-limit-by-key`
    #[arg(long, global = true)]
    pub(crate) policy: Option<String>,
    /// Only the counter of this key
    #[arg(long, global = true)]
    pub(crate) key: Option<String>,
    /// Only counters whose key holds this text
    #[arg(long, global = true)]
    pub(crate) contains: Option<String>,
    /// Only counters of this scope, as `list` shows it
    #[arg(long, global = true)]
    pub(crate) scope: Option<String>,
    /// Only what this gateway counted too, by the name that `show` gives it; needs node sync
    #[arg(long, global = true)]
    pub(crate) node: Option<String>,
    #[command(flatten)]
    pub(crate) at: Management,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CountersAction {
    /// List them, one on a line
    List,
    /// Show everything about them: period, window, and which gateway counted how much
    Show,
    /// Set what is used
    Set {
        /// Calls (or tokens) used; of a token bucket, milliseconds until it is full again
        #[arg(long)]
        calls: Option<u64>,
        /// Bytes used
        #[arg(long)]
        bytes: Option<u64>,
    },
    /// Forget them
    Reset,
}

#[derive(Debug, Args)]
pub(crate) struct Connection {
    #[command(subcommand)]
    pub(crate) action: ConnectionAction,
    #[command(flatten)]
    pub(crate) at: Management,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConnectionAction {
    /// List them with their states, and what was admitted and closed
    List,
    /// Let its traffic in
    Approve {
        /// Name
        name: String,
        /// A word to the consumer
        #[arg(long)]
        description: Option<String>,
    },
    /// Keep its traffic out, for good
    Reject {
        /// Name
        name: String,
        /// A word to the consumer
        #[arg(long)]
        description: Option<String>,
    },
    /// Forget it
    Delete {
        /// Name
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Network {
    #[command(subcommand)]
    pub(crate) action: NetworkAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NetworkAction {
    /// How many units fit into a subnet, and why not more
    Plan(NetworkPlan),
    /// Try every dependency of an instance in a virtual network, at the stand-ins of `[network.dependencies]`
    Status(NetworkStatus),
}

#[derive(Debug, Args)]
pub(crate) struct NetworkPlan {
    /// Tier: developer, premium, standardv2, premiumv2
    #[arg(long, default_value = "premium")]
    pub(crate) sku: String,
    /// Network type: external or internal
    #[arg(long, default_value = "internal")]
    pub(crate) mode: String,
    /// Address range of the subnet
    #[arg(long, value_name = "RANGE")]
    pub(crate) subnet: Ipv4Net,
    /// Addresses of it that others have
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) taken: u32,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct NetworkStatus {
    /// APIOps folder whose `apimite.toml` names the stand-ins [default: the built-in sample]
    pub(crate) folder: Option<PathBuf>,
    /// How long one attempt may take, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 5000)]
    pub(crate) timeout_ms: u64,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Dns {
    /// APIOps folder with `apimite.toml` [default: the built-in sample]
    pub(crate) folder: Option<PathBuf>,
    /// Address to listen on, UDP and TCP; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8253")]
    pub(crate) listen: SocketAddr,
    /// Take every asker for one of this network: public, virtual_network, peered or on_premises [default: by its address]
    #[arg(long, value_name = "NETWORK")]
    pub(crate) network: Option<String>,
    /// Servers to ask for names of others, besides those of the file
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) forward: Vec<SocketAddr>,
}

#[derive(Debug, Args)]
pub(crate) struct Link {
    /// Address of the endpoint (or the load balancer, or the forwarder); port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
    /// Where connections go; several are balanced by five-tuple
    #[arg(long, value_name = "ADDRESS", required = true)]
    pub(crate) to: Vec<SocketAddr>,
    /// Source address of what is passed on (network address translation)
    #[arg(long, value_name = "IP")]
    pub(crate) source: Option<IpAddr>,
    /// A PROXY v2 header precedes every connection and every probe
    #[arg(long)]
    pub(crate) proxy_protocol: bool,
    /// Link identifier in the header
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) link_id: u32,
    /// Seconds that nothing may move on a connection
    #[arg(long, value_name = "SECONDS", default_value_t = 900.0)]
    pub(crate) idle: f64,
    /// Close connections on which nothing moves, rather than reset them
    #[arg(long)]
    pub(crate) no_reset: bool,
    /// Connections at a time
    #[arg(long, value_name = "N", default_value_t = 4096)]
    pub(crate) connections: usize,
    /// Probe the backends: `tcp`, or the path of a GET that has to answer 200
    #[arg(long, value_name = "tcp|PATH")]
    pub(crate) probe: Option<String>,
    /// Port of the probe [default: that of the traffic]
    #[arg(long, value_name = "PORT")]
    pub(crate) probe_port: Option<u16>,
    /// Seconds from one probe to the next
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    pub(crate) probe_interval: f64,
    /// Probes in a row that turn a backend up or down
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(crate) probe_threshold: u32,
    /// Who may ask the Private Link Service: `role` (its own subscription), `alias` (anyone), or subscriptions with commas
    #[arg(long, value_name = "WHO", default_value = "role")]
    pub(crate) visibility: String,
    /// Subscription of the service
    #[arg(long, value_name = "ID", default_value = "local")]
    pub(crate) owner: String,
    /// Subscription of the consumer
    #[arg(long, value_name = "ID", default_value = "local")]
    pub(crate) consumer: String,
    /// Subscriptions whose requests are approved at once, with commas
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub(crate) auto_approve: Vec<String>,
    /// The consumer knows the service by its alias only
    #[arg(long)]
    pub(crate) by_alias: bool,
    /// Ask for the connection and wait for the owner, who approves with the control listener
    #[arg(long)]
    pub(crate) manual: bool,
    /// Address of the control listener (GET /link, PUT /link/connection, DELETE /link/connection)
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) control: Option<SocketAddr>,
    /// Print every bound address as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}
