//! `apimite az-login`: how the real `az` signs in to a running gateway.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use apimite_arm::TENANT;
use serde_json::{Value, json};

use crate::args::AzLogin;

/// File in the state folder that tells where management is.
const FILE: &str = "az.json";

/// Keeps where management listens for `apimite az-login`.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn tell(folder: &Path, address: SocketAddr, ca: &Path, subscription: String) -> io::Result<()> {
    // Written beside and renamed, so that a reader never sees half of it.
    let beside = folder.join("az.json.new");
    let text = json!({ "endpoint": format!("https://{address}"), "ca": std::path::absolute(ca)?, "subscription": subscription });
    std::fs::write(&beside, format!("{text}\n"))?;
    std::fs::rename(&beside, folder.join(FILE))
}

/// Prints the commands, or writes the folder.
pub(crate) fn run(args: &AzLogin) -> ExitCode {
    match told(&args.state).and_then(|told| match &args.folder {
        None => Ok(commands(&told, &args.secret)),
        Some(folder) => write(folder, &told, &args.secret),
    }) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(text) => {
            eprintln!("error: {text}");
            ExitCode::FAILURE
        }
    }
}

struct Told {
    endpoint: String,
    ca: PathBuf,
    subscription: String,
}

fn told(state: &Path) -> Result<Told, String> {
    let file = state.join(FILE);
    let missing = |error: &dyn std::fmt::Display| {
        format!(
            "`{}` cannot be read: {error}\n  help: run this in the folder where `apimite serve` was started, or name its state folder with --state",
            file.display()
        )
    };
    let text = std::fs::read_to_string(&file).map_err(|error| missing(&error))?;
    let json: Value = serde_json::from_str(&text).map_err(|error| missing(&error))?;
    let member = |name: &str| {
        json.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| missing(&"it has parts missing"))
    };
    Ok(Told { endpoint: member("endpoint")?, ca: member("ca")?.into(), subscription: member("subscription")? })
}

fn commands(told: &Told, secret: &str) -> String {
    let (endpoint, ca) = (&told.endpoint, told.ca.display());
    format!(
        "export AZURE_CONFIG_DIR=\"$HOME/.azure-apimite\"     # leaves your own ~/.azure alone\n\
         export REQUESTS_CA_BUNDLE='{ca}'\n\
         export AZURE_CORE_COLLECT_TELEMETRY=false\n\
         az cloud register -n apimite --endpoint-resource-manager {endpoint}\n\
         az cloud set -n apimite\n\
         az login --service-principal -u local -p '{secret}' --tenant {TENANT}"
    )
}

/// A folder that `AZURE_CONFIG_DIR` can name: signed in without a command.
fn write(folder: &Path, told: &Told, secret: &str) -> Result<String, String> {
    let refuse =
        |error: io::Error| format!("`{}` cannot be written: {error}\n  help: name another folder", folder.display());
    let (endpoint, subscription) = (&told.endpoint, &told.subscription);
    let folder = std::path::absolute(folder).map_err(refuse)?;
    std::fs::create_dir_all(&folder).map_err(refuse)?;
    let put = |name: &str, text: String| private(&folder.join(name), &text).map_err(refuse);
    let ca = std::fs::read_to_string(&told.ca).map_err(refuse)?;
    put("ca.pem", ca)?;
    put(
        "clouds.config",
        format!(
            "[apimite]\nendpoint_resource_manager = {endpoint}\nendpoint_active_directory = {endpoint}/adfs\n\
             endpoint_active_directory_resource_id = {endpoint}\nsubscription = {subscription}\n"
        ),
    )?;
    put("config", "[cloud]\nname = apimite\n[core]\ncollect_telemetry = false\n".to_owned())?;
    let user = json!({ "name": "local", "type": "servicePrincipal" });
    let profile = json!({ "subscriptions": [{
        "id": subscription, "name": "local", "state": "Enabled", "isDefault": true, "tenantId": TENANT,
        "environmentName": "apimite", "user": user, "homeTenantId": TENANT, "managedByTenants": [],
    }] });
    put("azureProfile.json", profile.to_string())?;
    put(
        "service_principal_entries.json",
        json!([{ "client_id": "local", "tenant": TENANT, "client_secret": secret }]).to_string(),
    )?;
    let script = format!(
        "export AZURE_CONFIG_DIR='{0}'\nexport REQUESTS_CA_BUNDLE='{0}/ca.pem'\nexport AZURE_CORE_COLLECT_TELEMETRY=false\n",
        folder.display()
    );
    put("env.sh", script)?;
    Ok(format!(". '{}/env.sh'", folder.display()))
}

/// Writes a file that only its owner can read.
fn private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    io::Write::write_all(&mut file, text.as_bytes())
}
