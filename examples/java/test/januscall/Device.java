// SPDX-License-Identifier: MIT
package januscall;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;

/** A client at a {@link FakeServer}, and what its listener heard. */
final class Device implements CallListener {
    final TestLoop loop = new TestLoop();
    final FakeServer server = new FakeServer(loop);
    final CallConfig config = new CallConfig("ws://127.0.0.1:1/", "bob", "phone");
    private final List<String> heard = new ArrayList<>();
    /** Done once, when something begins like this is heard. */
    String when;
    Runnable then;
    private CallClient made;

    /** Made at the first use, so that a test may set the configuration before. */
    CallClient client() {
        if (made == null)
            made = new CallClient(server, config, loop, this);
        return made;
    }

    /** Started, and asking to be registered. */
    Device start() {
        client().start();
        loop.run();
        return this;
    }

    /** Registered, with nothing missed. */
    static Device registered() {
        return new Device().start().accepted("'calls':[],'complete':true");
    }

    Device accepted(String fields) {
        server.accept("call:register", fields);
        heard.clear();
        return this;
    }

    /** The connection breaks, and the client comes back to where it asks to be registered. */
    void comesBack() {
        server.cut();
        while (!server.isConnected())
            loop.advance(10);
        heard.clear();
    }

    /** A call of Alice that rings. */
    Call rings(String callId) {
        server.hear("{'event':'call:incoming','callId':'" + callId + "','rev':1,'callerId':'alice',"
                + "'expiresInMs':45000}");
        Call call = client().find(callId);
        heard.clear();
        return call;
    }

    /** A call to Alice that rings. */
    Call calls(String callId) {
        Call call = client().call("alice", callId, new JsonObject(), null);
        server.accept("call:initiate", "'callId':'" + callId + "','status':'ringing','rev':1,'expiresInMs':45000");
        heard.clear();
        return call;
    }

    /** What was heard since the last time. */
    List<String> heard() {
        List<String> all = new ArrayList<>(heard);
        heard.clear();
        return all;
    }

    private void hear(String what) {
        heard.add(what);
        if (when == null || !what.startsWith(when))
            return;
        when = null;
        then.run();
    }

    @Override
    public void onRegistered(JsonObject reply) {
        if (when != null)
            hear("registered");
    }

    @Override
    public void onIncoming(Call call) {
        hear("incoming " + call.id());
    }

    @Override
    public void onOutgoing(Call call) {
        hear("outgoing " + call.id());
    }

    @Override
    public void onRinging(Call call) {
        hear("ringing " + call.id());
    }

    @Override
    public void onAccepted(Call call) {
        hear("accepted " + call.id());
    }

    @Override
    public void onPeer(Call call) {
        hear("peer " + call.id() + (call.isPeerAway() ? " away" : " back"));
    }

    @Override
    public void onSignal(Call call, JsonElement data) {
        hear("signal " + call.id() + " " + data);
    }

    @Override
    public void onUpdated(Call call, JsonObject data) {
        hear("updated " + call.id() + " " + data);
    }

    @Override
    public void onEnded(Call call) {
        hear("ended " + call.id() + " " + call.status() + " " + call.cause());
    }

    @Override
    public void onState(CallClient.State state) {
        hear(state.toString());
    }

    @Override
    public void onStopped(String cause) {
        hear("stopped " + cause);
    }
}
