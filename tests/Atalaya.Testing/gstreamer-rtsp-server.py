"""Serves files over RTSP with GStreamer: a server that none of us wrote.

Arguments: a JSON object {"port", "mounts": {"/path": "launch string"}, "auth": null | "basic" | "digest", "user", "password", "protocols": null | "tcp" | "udp"}.
Prints "ready PORT" when it listens.
"""
import json
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer

wanted = json.loads(sys.argv[1])
Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(str(wanted["port"]))

if wanted["auth"]:
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    if wanted["auth"] == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(wanted["user"], wanted["password"], token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(wanted["user"], wanted["password"]), token)
    server.set_auth(auth)

for path, launch in wanted["mounts"].items():
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(launch)
    factory.set_shared(False)
    if wanted["protocols"] == "tcp":
        factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP)
    elif wanted["protocols"] == "udp":
        factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP)
    if wanted["auth"]:
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role("viewer", "media.factory.access", True)
        permissions.add_permission_for_role("viewer", "media.factory.construct", True)
        factory.set_permissions(permissions)
    server.get_mount_points().add_factory(path, factory)

# A port that is taken makes attach return 0 without a word.
if server.attach(None) == 0:
    sys.exit(f"port {wanted['port']} can't be listened on")
print("ready", server.get_bound_port(), flush=True)
GLib.MainLoop().run()
