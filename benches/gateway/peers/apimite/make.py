#!/usr/bin/env python3
"""Writes the APIOps folder that Apimite serves in the bench, one for each profile.

usage: make.py FOLDER PROFILE PORT BACKEND CERT KEY KEYS
"""
import json, os, sys

folder, profile, port, backend, cert, key, keys = sys.argv[1:8]
API = os.path.join(folder, "apis", "bench")
os.makedirs(API, exist_ok=True)


def write(name, text):
    with open(os.path.join(folder, name), "w") as file:
        file.write(text)


def document(inbound, outbound="", base="    <base />\n"):
    return f"""<policies>
  <inbound>
{base}{inbound}  </inbound>
  <backend>
{base}  </backend>
  <outbound>
{base}{outbound}  </outbound>
  <on-error>
{base}  </on-error>
</policies>
"""


def many_apis(count=1000, operations=10):
    """`count` APIs, each with a definition, a policy, and `operations` operations with a policy of their own: no two alike."""
    for api in range(count):
        name = f"api-{api:04d}"
        here = os.path.join(folder, "apis", name)
        for operation in range(operations):
            os.makedirs(os.path.join(here, "operations", f"op-{operation}"))
        write(f"apis/{name}/apiInformation.json", json.dumps({"properties": {
            "displayName": name, "path": name, "serviceUrl": f"http://127.0.0.1:{backend}", "protocols": ["http", "https"],
            "subscriptionRequired": False,
        }}, indent=2))
        paths = "".join(
            f"  /items-{operation}/{{id}}:\n    get:\n      summary: Item {operation}\n      operationId: op-{operation}\n"
            "      parameters:\n        - name: id\n          in: path\n          required: true\n          schema:\n"
            "            type: string\n      responses:\n        '200':\n          description: OK\n"
            for operation in range(operations))
        write(f"apis/{name}/specification.yaml", f"openapi: 3.0.1\ninfo:\n  title: {name}\n  version: '1'\npaths:\n{paths}")
        write(f"apis/{name}/policy.xml", document(f"""    <rate-limit-by-key calls="100" renewal-period="60" counter-key="@(context.Request.IpAddress + "{name}")" />
    <set-header name="X-Api" exists-action="override"><value>@(context.Api.Id + "/" + context.Operation.Id)</value></set-header>
""", """    <set-header name="X-Powered-By" exists-action="delete" />
"""))
        for operation in range(operations):
            write(f"apis/{name}/operations/op-{operation}/policy.xml", document(f"""    <set-variable name="item" value="@(context.Request.MatchedParameters["id"] + "-{api}-{operation}")" />
    <choose>
      <when condition="@(context.Variables.GetValueOrDefault<string>("item").Length > 64)">
        <return-response><set-status code="414" reason="Too Long" /></return-response>
      </when>
    </choose>
    <rewrite-uri template="/json" />
"""))


# What the other gateways do in their configuration is done by policies here. The key is checked by the gateway itself
# and taken away by a policy, the client's name comes from the subscription.
POLICY = {
    "policy": (
        """    <rate-limit-by-key calls="1000000" renewal-period="1" counter-key="@(context.Subscription.Id)" />
    <set-header name="X-Client" exists-action="override"><value>@(context.Subscription.Id)</value></set-header>
    <set-header name="Ocp-Apim-Subscription-Key" exists-action="delete" />
""",
        """    <set-header name="X-Powered-By" exists-action="delete" />
    <set-header name="X-Gateway" exists-action="override"><value>bench</value></set-header>
""",
    ),
    # Five minutes: a million keys stay alive while they are filled in and measured.
    "card": (
        """    <rate-limit-by-key calls="1000000" renewal-period="300"
        counter-key="@(context.Request.Headers.GetValueOrDefault("X-Client-Id", ""))" />
""",
        "",
    ),
}
inbound, outbound = POLICY.get(profile, ("", ""))
write("policy.xml", f"""<policies>
  <inbound>
{inbound}  </inbound>
  <backend>
    <forward-request />
  </backend>
  <outbound>
{outbound}  </outbound>
  <on-error />
</policies>
""")
if profile == "many":
    many_apis()
keyed = profile == "policy"
write("apis/bench/apiInformation.json", json.dumps({"properties": {
    "displayName": "bench", "path": "", "serviceUrl": f"http://127.0.0.1:{backend}",
    "protocols": ["http", "https"], "subscriptionRequired": keyed,
}}))
write("apis/bench/specification.yaml", """openapi: 3.0.1
info: {title: bench, version: "1"}
paths:
  /*:
    get: {operationId: get, responses: {"200": {description: OK}}}
    post: {operationId: post, responses: {"200": {description: OK}}}
""")
tls = profile in ("tls", "tlsbody")
settings = f"""[service]
name = "bench"

[listen]
http = "{'off' if tls else f'127.0.0.1:{port}'}"
https = "{f'127.0.0.1:{port}' if tls else 'off'}"
management = "off"

[decisions]
send_forwarded_proto = true
"""
if tls:
    settings += f"""
[tls]
state_folder = "{folder}/state"
[[tls.certificate]]
certificate = "{cert}"
key = "{key}"
"""
if keyed:
    for line in open(keys):
        value, client = line.split()
        settings += f'\n[subscriptions.{client}]\nall_apis = true\nprimary_key = "{value}"\n'
write("apimite.toml", settings)
