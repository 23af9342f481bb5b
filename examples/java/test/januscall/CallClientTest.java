// SPDX-License-Identifier: MIT
package januscall;

import static januscall.Tap.holds;
import static januscall.Tap.same;

import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** The client's rules, on a clock that a test moves, against a server that says what the test wants. */
public final class CallClientTest {
    private final Tap tap = new Tap();

    public static void main(String[] arguments) {
        CallClientTest self = new CallClientTest();
        self.connecting();
        self.order();
        self.earlyAndLate();
        self.ringsEnd();
        self.snapshots();
        self.keptRequests();
        self.refusals();
        self.tokens();
        self.leaving();
        self.declining();
        System.exit(self.tap.run() ? 0 : 1);
    }

    private static List<String> list(String... all) {
        return Arrays.asList(all);
    }

    private static final List<String> NOTHING = Collections.emptyList();

    private void connecting() {
        tap.test("connects with Janus's subprotocol and registers", () -> {
            Device bob = new Device();
            bob.config.displayName = "Bob";
            bob.start();
            same(bob.server.opened().header("Sec-WebSocket-Protocol"), "janus-protocol");
            JsonObject body = bob.server.body("call:register");
            same(body, Json.of("request", "call:register", "userId", "bob", "deviceId", "phone", "displayName", "Bob"));
            same(bob.client().state(), CallClient.State.CONNECTING);
            bob.server.accept("call:register", "'calls':[]");
            same(bob.client().state(), CallClient.State.REGISTERED);
            same(bob.heard(), list("CONNECTING", "REGISTERED"));
        });
        tap.test("says that it is there, more often during a call", () -> {
            Device bob = Device.registered();
            bob.loop.advance(60_000);
            same(bob.server.keepalives, 2);
            bob.rings("C");
            bob.loop.advance(20_000);
            same(bob.server.keepalives, 6);
        });
        tap.test("gives up a connection on which a keepalive is not answered", () -> {
            Device bob = Device.registered();
            bob.server.answersKeepalives = false;
            bob.loop.advance(29_999);
            same(bob.client().state(), CallClient.State.REGISTERED);
            bob.loop.advance(1);
            same(bob.client().state(), CallClient.State.CONNECTING);
            bob.loop.advance(500);
            same(bob.server.connections, 2);
        });
        tap.test("notices a dead connection during a call within the caller's grace", () -> {
            Device bob = Device.registered();
            bob.rings("C");
            bob.server.answersKeepalives = false;
            bob.loop.advance(10_000);
            same(bob.client().state(), CallClient.State.CONNECTING);
        });
        tap.test("gives up a connection on which a request is not answered", () -> {
            Device bob = Device.registered();
            List<Reply> replies = new ArrayList<>();
            bob.client().request("call:history", new JsonObject(), replies::add);
            bob.loop.advance(5000);
            same(replies.get(0).code, Reply.NO_CONNECTION);
            same(bob.client().state(), CallClient.State.CONNECTING);
        });
        tap.test("who asks again in the callback of what was lost does not go round for ever", () -> {
            Device bob = Device.registered();
            int[] asked = {0};
            int[] inside = {0};
            Reply.Callback[] again = {null};
            again[0] = reply -> {
                same(++inside[0], 1);
                if (++asked[0] < 3)
                    bob.client().request("call:history", new JsonObject(), again[0]);
                inside[0]--;
            };
            bob.client().request("call:history", new JsonObject(), again[0]);
            bob.server.cut();
            bob.loop.run();
            same(asked[0], 3);
        });
        tap.test("pauses longer and longer, and never all clients for the same time", () -> {
            Device bob = new Device();
            bob.server.isThere = false;
            bob.start();
            long before = bob.loop.nowMs();
            List<Long> pauses = new ArrayList<>();
            while (pauses.size() < 12) {
                int connections = bob.server.connections;
                while (bob.server.connections == connections)
                    bob.loop.advance(1);
                pauses.add(bob.loop.nowMs() - before);
                before = bob.loop.nowMs();
            }
            long longest = 500;
            for (long pause : pauses) {
                holds(pause >= longest / 2 && pause <= longest, pause + " ms is between half of and " + longest);
                longest = Math.min(30_000, longest * 2);
            }
            holds(pauses.get(9) % 1000 != 0 || pauses.get(10) % 1000 != 0 || pauses.get(11) % 1000 != 0,
                    "the pauses " + pauses + " are by chance");
        });
        tap.test("pauses shortly again after a good connection", () -> {
            Device bob = new Device();
            bob.server.isThere = false;
            bob.start();
            bob.loop.advance(120_000);
            bob.server.isThere = true;
            while (!bob.server.isConnected())
                bob.loop.advance(10);
            bob.accepted("'calls':[]");
            bob.loop.advance(10_000);
            bob.server.cut();
            int connections = bob.server.connections;
            bob.loop.advance(500);
            same(bob.server.connections, connections + 1);
        });
        tap.test("start() and a network that is back end the pause", () -> {
            Device bob = new Device();
            bob.server.isThere = false;
            bob.start();
            bob.loop.advance(120_000);
            int connections = bob.server.connections;
            bob.client().start();
            same(bob.server.connections, connections + 1);
            bob.loop.run();
            bob.client().networkChanged(false);
            same(bob.server.connections, connections + 2);
        });
        tap.test("another network means another connection", () -> {
            Device bob = Device.registered();
            bob.client().networkChanged(false);
            same(bob.server.connections, 1);
            bob.client().networkChanged(true);
            same(bob.server.connections, 2);
        });
        tap.test("a server that talks nonsense is left", () -> {
            for (String nonsense : list("[]", "{", "\"hello\"", "")) {
                Device bob = Device.registered();
                bob.server.say(nonsense);
                same(bob.client().state(), CallClient.State.CONNECTING);
            }
        });
        tap.test("what is not known is ignored", () -> {
            Device bob = Device.registered();
            bob.server.say("{\"janus\":\"news\"}");
            bob.server.say("{\"janus\":\"event\"}");
            bob.server.say("{}");
            bob.server.hear("{'event':'call:danced','callId':'C','rev':9}");
            bob.server.hear("{'event':'call:peer','callId':'C','rev':9,'state':'reconnecting'}");
            bob.server.hear("{}");
            same(bob.heard(), NOTHING);
            same(bob.client().state(), CallClient.State.REGISTERED);
        });
        tap.test("Janus's own ack is not the answer", () -> {
            Device bob = new Device().start();
            bob.server.say("{\"janus\":\"ack\",\"transaction\":\"3\"}");
            bob.server.accept("call:register", "'calls':[]");
            same(bob.client().state(), CallClient.State.REGISTERED);
        });
        tap.test("a session that Janus has ended is made anew", () -> {
            Device bob = Device.registered();
            bob.server.say("{\"janus\":\"timeout\",\"session_id\":7}");
            same(bob.heard(), list("CONNECTING"));
        });
        tap.test("is used on its own thread only", () -> {
            Device bob = Device.registered();
            Call call = bob.rings("C");
            bob.loop.isCurrent = false;
            List<Runnable> uses = Arrays.asList(() -> bob.client().start(), () -> bob.client().stop(),
                    () -> bob.client().call("alice"), () -> call.accept(null), call::ringing);
            for (Runnable use : uses) {
                boolean isRefused = false;
                try {
                    use.run();
                } catch (IllegalStateException expected) {
                    isRefused = true;
                }
                holds(isRefused, "it is refused on another thread");
            }
        });
    }

    private void order() {
        tap.test("the whole life of a call, once each", () -> {
            Device bob = Device.registered();
            Call call = bob.client().call("alice", "C", new JsonObject(), null);
            bob.server.accept("call:initiate", "'callId':'C','status':'ringing','rev':1,'expiresInMs':45000");
            for (int time = 0; time < 2; time++)
                bob.server.hear("{'event':'call:ringing','callId':'C','rev':2,'deviceId':'p'}");
            same(bob.heard(), list("ringing C"));
            for (int time = 0; time < 2; time++)
                bob.server.hear("{'event':'call:accepted','callId':'C','rev':3,'deviceId':'p'}");
            same(bob.heard(), list("accepted C"));
            same(call.deviceId(), "p");
            for (int time = 0; time < 2; time++)
                bob.server.hear("{'event':'call:peer','callId':'C','rev':4,'state':'reconnecting'}");
            same(bob.heard(), list("peer C away"));
            bob.server.hear("{'event':'call:peer','callId':'C','rev':5,'state':'connected'}");
            bob.server.hear("{'event':'call:updated','callId':'C','rev':5,'from':'alice','data':{'hold':true}}");
            same(bob.heard(), list("peer C back", "updated C {\"hold\":true}"));
            for (int time = 0; time < 2; time++)
                bob.server.hear("{'event':'call:ended','callId':'C','rev':6,'status':'ended','cause':'hangup',"
                        + "'durationMs':12}");
            same(bob.heard(), list("ended C ended hangup"));
            same(call.durationMs(), 12L);
            holds(call.isOver() && bob.client().liveCalls().isEmpty(), "it is over");
        });
        tap.test("what has a lower rev changes nothing", () -> {
            Device bob = Device.registered();
            Call call = bob.calls("C");
            bob.server.hear("{'event':'call:accepted','callId':'C','rev':3}");
            bob.server.hear("{'event':'call:peer','callId':'C','rev':5,'state':'connected'}");
            bob.heard();
            bob.server.hear("{'event':'call:ringing','callId':'C','rev':2}");
            bob.server.hear("{'event':'call:peer','callId':'C','rev':4,'state':'reconnecting'}");
            same(bob.heard(), NOTHING);
            same(call.rev(), 5L);
            holds(call.isAccepted() && !call.isPeerAway(), "it is as it was");
        });
        tap.test("a final status beats a live one, whatever the rev", () -> {
            Device bob = Device.registered();
            Call call = bob.calls("C");
            bob.server.hear("{'event':'call:accepted','callId':'C','rev':9}");
            bob.server.hear("{'event':'call:ended','callId':'C','rev':4,'status':'failed','cause':'server_restart'}");
            same(bob.heard(), list("accepted C", "ended C failed server_restart"));
            bob.server.hear("{'event':'call:accepted','callId':'C','rev':10}");
            bob.server.hear("{'event':'call:peer','callId':'C','rev':11,'state':'reconnecting'}");
            bob.server.hear("{'event':'call:signal','callId':'C','rev':11,'data':1}");
            same(bob.heard(), NOTHING);
            same(call.status(), "failed");
            same(call.rev(), 9L);
        });
        tap.test("an accepted call does not ring any more, even with the same rev", () -> {
            Device bob = Device.registered();
            Call call = bob.calls("C");
            bob.server.hear("{'event':'call:accepted','callId':'C','rev':2}");
            bob.server.hear("{'event':'call:ringing','callId':'C','rev':2}");
            same(bob.heard(), list("accepted C"));
            holds(call.isAccepted(), "it is accepted");
        });
        tap.test("the end of this device's part counts, whatever its rev", () -> {
            Device bob = Device.registered();
            Call call = bob.rings("C");
            call.ringing();
            bob.server.accept("call:ringing", "'callId':'C','status':'ringing','rev':3");
            bob.server.hear("{'event':'call:ended','callId':'C','rev':2,'status':'accepted',"
                    + "'cause':'answered_elsewhere'}");
            holds(call.isOver(), "it is over");
        });
        tap.test("another device was first: over, though the call is accepted", () -> {
            Device bob = Device.registered();
            Call call = bob.rings("C");
            bob.server.hear("{'event':'call:ended','callId':'C','rev':2,'status':'accepted',"
                    + "'cause':'answered_elsewhere'}");
            same(bob.heard(), list("ended C accepted answered_elsewhere"));
            holds(call.isOver() && !call.isAccepted(), "it is over here");
        });
    }

    private void earlyAndLate() {
        tap.test("the answer may come before the reply to the initiate", () -> {
            Device bob = Device.registered();
            Call call = bob.client().call("alice", "C", new JsonObject(), null);
            bob.server.hear("{'event':'call:accepted','callId':'C','rev':2,'mode':'p2p','join':{'iceServers':[]}}");
            bob.server.accept("call:initiate", "'callId':'C','status':'ringing','rev':1,'expiresInMs':45000");
            same(bob.heard(), list("accepted C"));
            bob.loop.advance(50_000);
            holds(call.isAccepted(), "nothing ends it");
            same(call.join().toString(), "{\"iceServers\":[]}");
        });
        tap.test("a reply that was overtaken still says how long it rings", () -> {
            Device bob = Device.registered();
            bob.client().call("alice", "C", new JsonObject(), null);
            bob.server.hear("{'event':'call:ringing','callId':'C','rev':2}");
            bob.server.accept("call:initiate", "'callId':'C','status':'ringing','rev':1,'expiresInMs':45000");
            bob.heard();
            bob.loop.advance(46_000);
            same(bob.heard(), list("ended C timeout no_answer"));
        });
        tap.test("what the other device sends may come before the reply to the accept", () -> {
            Device bob = Device.registered();
            Call call = bob.rings("C");
            call.accept(null);
            bob.server.hear("{'event':'call:signal','callId':'C','rev':2,'data':1}");
            bob.server.hear("{'event':'call:updated','callId':'C','rev':2,'data':{}}");
            bob.server.hear("{'event':'call:peer','callId':'C','rev':3,'state':'reconnecting'}");
            same(bob.heard(), NOTHING);
            bob.server.accept("call:accept", "'callId':'C','status':'accepted','rev':2,'join':{'token':'t'}");
            same(bob.heard(), list("accepted C", "signal C 1", "updated C {}"));
            holds(call.isPeerAway(), "the caller is away");
            same(call.join().toString(), "{\"token\":\"t\"}");
        });
        tap.test("an incoming call that comes again does not ring again", () -> {
            Device bob = Device.registered();
            Call call = bob.rings("C");
            bob.server.hear("{'event':'call:incoming','callId':'C','rev':1,'callerId':'alice','expiresInMs':44000}");
            same(bob.heard(), NOTHING);
            same(call.expiresInMs(), 44_000L);
        });
        tap.test("an incoming call that comes after its end does not ring", () -> {
            Device bob = Device.registered();
            bob.rings("C");
            bob.server.hear("{'event':'call:ended','callId':'C','rev':2,'status':'cancelled','cause':'cancelled'}");
            bob.heard();
            bob.server.hear("{'event':'call:incoming','callId':'C','rev':1,'callerId':'alice','expiresInMs':44000}");
            bob.server.hear("{'event':'call:ended','callId':'D','rev':2,'status':'cancelled','cause':'cancelled'}");
            bob.server.hear("{'event':'call:incoming','callId':'D','rev':1,'callerId':'alice','expiresInMs':44000}");
            same(bob.heard(), NOTHING);
        });
        tap.test("a call that the backend starts is one of this device", () -> {
            Device bob = Device.registered();
            bob.server.hear("{'event':'call:outgoing','callId':'C','rev':1,'calleeId':'alice','expiresInMs':45000}");
            same(bob.heard(), list("outgoing C"));
            same(bob.client().find("C").peerId(), "alice");
            bob.server.hear("{'event':'call:accepted','callId':'C','rev':2}");
            same(bob.heard(), list("accepted C"));
        });
        tap.test("an app that was started anew learns of its call by its events", () -> {
            Device bob = Device.registered();
            bob.server.hear("{'event':'call:accepted','callId':'C','rev':3,'calleeId':'alice'}");
            same(bob.heard(), list("outgoing C", "accepted C"));
        });
    }

    private void ringsEnd() {
        tap.test("a ring ends with its time, though there is no network", () -> {
            Device bob = Device.registered();
            bob.rings("C");
            bob.server.isThere = false;
            bob.server.cut();
            bob.heard();
            bob.loop.advance(44_999);
            same(bob.heard(), NOTHING);
            bob.loop.advance(1);
            same(bob.heard(), list("ended C timeout no_answer"));
            bob.loop.advance(100_000);
            same(bob.heard(), NOTHING);
        });
        tap.test("a caller waits a second longer: the server's word is on its way", () -> {
            Device bob = Device.registered();
            bob.calls("C");
            bob.loop.advance(45_999);
            same(bob.heard(), NOTHING);
            bob.loop.advance(1);
            same(bob.heard(), list("ended C timeout no_answer"));
            bob.server.hear("{'event':'call:timeout','callId':'C','rev':2,'cause':'no_answer'}");
            same(bob.heard(), NOTHING);
        });
        tap.test("a call that the client gave up and that is answered after all is ended", () -> {
            Device bob = Device.registered();
            bob.calls("C");
            bob.loop.advance(46_000);
            bob.server.hear("{'event':'call:accepted','callId':'C','rev':2}");
            same(bob.heard(), list("ended C timeout no_answer"));
            same(bob.server.body("call:end").get("callId").getAsString(), "C");
            bob.server.accept("call:end", "'callId':'C','status':'ended','cause':'hangup','rev':3");
            same(bob.heard(), NOTHING);
        });
        tap.test("an answer that is under way when the time is over counts", () -> {
            Device bob = Device.registered();
            Call call = bob.rings("C");
            bob.loop.advance(44_000);
            call.accept(null);
            bob.loop.advance(2000);
            same(bob.heard(), NOTHING);
            bob.server.accept("call:accept", "'callId':'C','status':'accepted','rev':2");
            same(bob.heard(), list("accepted C"));
        });
        tap.test("an answer that came too late ends the ring", () -> {
            Device bob = Device.registered();
            Call call = bob.rings("C");
            bob.loop.advance(44_000);
            call.accept(null);
            bob.loop.advance(2000);
            bob.server.refuse("call:accept", "internal", "");
            same(bob.heard(), list("ended C timeout no_answer"));
        });
        tap.test("no timer is left of a call that is over", () -> {
            Device bob = Device.registered();
            int before = bob.loop.waiting();
            bob.rings("C").reject("User declined", null);
            bob.server.accept("call:reject", "'callId':'C','status':'rejected','cause':'declined','rev':2");
            same(bob.heard(), list("ended C rejected declined"));
            same(bob.loop.waiting(), before);
        });
        tap.test("nor of the ring of one that is accepted", () -> {
            Device bob = Device.registered();
            int before = bob.loop.waiting();
            bob.rings("C").accept(null);
            bob.server.accept("call:accept", "'callId':'C','status':'accepted','rev':2");
            same(bob.loop.waiting(), before);
        });
        tap.test("no timer is left of a client that stopped in the middle of everything", () -> {
            Device bob = Device.registered();
            bob.rings("C").accept(null);
            bob.calls("D").end(null, null);
            bob.client().stop();
            bob.server.accept("call:unregister", "");
            same(bob.loop.waiting(), 0);
        });
    }

    private static String snapshot(String callId, String role, String status, int rev, String more) {
        return "{'callId':'" + callId + "','role':'" + role + "','status':'" + status + "','rev':" + rev + more + "}";
    }

    private void snapshots() {
        tap.test("a rejection that was missed is in the snapshot", () -> {
            Device bob = Device.registered();
            Call call = bob.calls("C");
            bob.comesBack();
            bob.server.accept("call:register", "'complete':true,'calls':["
                    + snapshot("C", "caller", "rejected", 2, ",'cause':'declined','reason':'User declined'") + "]");
            same(bob.heard(), list("ended C rejected declined", "REGISTERED"));
            same(call.reason(), "User declined");
        });
        tap.test("an answer that was missed is in the snapshot, with what the media needs", () -> {
            Device bob = Device.registered();
            Call call = bob.calls("C");
            bob.comesBack();
            bob.server.accept("call:register", "'calls':["
                    + snapshot("C", "caller", "accepted", 3, ",'answeredBy':'tablet','join':{'token':'t'}") + "]");
            same(bob.heard(), list("accepted C", "REGISTERED"));
            same(call.deviceId(), "tablet");
            same(call.join().toString(), "{\"token\":\"t\"}");
        });
        tap.test("another device answered meanwhile", () -> {
            Device bob = Device.registered();
            bob.rings("C");
            bob.comesBack();
            bob.server.accept("call:register",
                    "'calls':[" + snapshot("C", "callee", "accepted", 2, ",'answeredBy':'tablet'") + "]");
            same(bob.heard(), list("ended C accepted answered_elsewhere", "REGISTERED"));
        });
        tap.test("this device answered, and the reply got lost", () -> {
            Device bob = Device.registered();
            bob.rings("C").accept(null);
            bob.comesBack();
            bob.server.accept("call:register",
                    "'calls':[" + snapshot("C", "callee", "accepted", 2, ",'answeredBy':'phone'") + "]");
            same(bob.heard(), list("accepted C", "REGISTERED"));
            bob.server.accept("call:accept", "'callId':'C','status':'accepted','rev':2");
            same(bob.heard(), NOTHING);
        });
        tap.test("a call that is not in a complete list is over", () -> {
            Device bob = Device.registered();
            bob.rings("C");
            bob.comesBack();
            bob.server.accept("call:register", "'calls':[],'complete':true");
            same(bob.heard(), list("ended C ended lost", "REGISTERED"));
        });
        tap.test("a list that is not complete says nothing by its silence", () -> {
            Device bob = Device.registered();
            bob.rings("C");
            bob.comesBack();
            bob.server.accept("call:register", "'calls':[],'complete':false");
            same(bob.heard(), list("REGISTERED"));
        });
        tap.test("a call of which this connection has spoken is not in an older list", () -> {
            Device bob = new Device().start();
            bob.server.hear("{'event':'call:incoming','callId':'C','rev':1,'callerId':'alice','expiresInMs':45000}");
            bob.server.accept("call:register", "'calls':[],'complete':true");
            same(bob.heard(), list("CONNECTING", "incoming C", "REGISTERED"));
            holds(bob.client().find("C").isRinging(), "it rings");
        });
        tap.test("a call that is only being made is not in the list yet", () -> {
            Device bob = Device.registered();
            Call call = bob.client().call("alice");
            bob.comesBack();
            bob.server.accept("call:register", "'calls':[],'complete':true");
            same(bob.heard(), list("REGISTERED"));
            same(bob.server.body("call:initiate").get("callId").getAsString(), call.id());
        });
        tap.test("a live call of before a start anew is taken up where it was answered", () -> {
            Device bob = new Device().start();
            bob.server.accept("call:register", "'calls':["
                    + snapshot("C", "callee", "accepted", 2, ",'answeredBy':'phone','callerId':'alice'") + ","
                    + snapshot("D", "callee", "accepted", 2, ",'answeredBy':'tablet','callerId':'carol'") + ","
                    + snapshot("E", "callee", "rejected", 2, ",'cause':'declined','callerId':'dora'") + "]");
            same(bob.heard(), list("CONNECTING", "accepted C", "REGISTERED"));
            same(bob.client().find("C").peerId(), "alice");
            same(bob.client().liveCalls().size(), 1);
        });
        tap.test("the other device is there, unless this connection says that it is not", () -> {
            Device bob = Device.registered();
            Call call = bob.calls("C");
            bob.server.hear("{'event':'call:accepted','callId':'C','rev':2}");
            bob.server.hear("{'event':'call:peer','callId':'C','rev':3,'state':'reconnecting'}");
            bob.comesBack();
            bob.server.accept("call:register", "'calls':[" + snapshot("C", "caller", "accepted", 5, "") + "]");
            holds(!call.isPeerAway(), "nobody says so");
            bob.comesBack();
            bob.server.hear("{'event':'call:peer','callId':'C','rev':7,'state':'reconnecting'}");
            bob.server.accept("call:register", "'calls':[" + snapshot("C", "caller", "accepted", 7, "") + "]");
            holds(call.isPeerAway(), "the new connection says so");
        });
        tap.test("a call given up without an answer is ended where it turns up", () -> {
            Device bob = Device.registered();
            bob.client().call("alice", "C", new JsonObject(), null);
            bob.server.isThere = false;
            bob.server.cut();
            bob.loop.advance(30_000);
            same(bob.heard(), list("CONNECTING", "ended C failed no_connection"));
            bob.server.isThere = true;
            bob.client().networkChanged(false);
            bob.loop.run();
            bob.server.accept("call:register",
                    "'calls':[" + snapshot("C", "caller", "ringing", 1, ",'expiresInMs':9000") + "]");
            same(bob.server.asked(), list("call:end"));
            same(bob.heard(), list("REGISTERED"));
        });
    }

    private void keptRequests() {
        tap.test("a rejection is kept while there is no connection", () -> {
            Device bob = Device.registered();
            Call call = bob.rings("C");
            bob.server.cut();
            List<Reply> replies = new ArrayList<>();
            call.reject("User declined", replies::add);
            bob.loop.advance(500);
            bob.server.accept("call:register",
                    "'calls':[" + snapshot("C", "callee", "ringing", 1, ",'expiresInMs':44000") + "]");
            same(bob.server.body("call:reject").toString(),
                    "{\"reason\":\"User declined\",\"request\":\"call:reject\",\"callId\":\"C\"}");
            bob.server.accept("call:reject", "'callId':'C','status':'rejected','cause':'declined','rev':2");
            same(replies.size(), 1);
            holds(replies.get(0).isSuccess && call.isOver(), "it is done");
        });
        tap.test("a call is asked for again when its reply got lost, under the same id", () -> {
            Device bob = Device.registered();
            Call call = bob.client().call("alice");
            holds(call.id().matches("CALL_[0-9a-f]{32}"), call.id() + " cannot be guessed");
            bob.comesBack();
            bob.server.accept("call:register",
                    "'calls':[" + snapshot(call.id(), "caller", "ringing", 1, ",'expiresInMs':40000") + "]");
            bob.server.accept("call:initiate", "'callId':'" + call.id() + "','status':'ringing','rev':1");
            same(bob.heard(), list("REGISTERED"));
            same(call.expiresInMs(), 40_000L);
            same(bob.server.asked(), NOTHING);
        });
        tap.test("an answer that could not be given in 30 s ends the call here", () -> {
            Device bob = Device.registered();
            Call call = bob.rings("C");
            bob.server.isThere = false;
            bob.server.cut();
            List<Reply> replies = new ArrayList<>();
            call.accept(replies::add);
            bob.loop.advance(30_000);
            same(replies.get(0).code, Reply.NO_CONNECTION);
            same(bob.heard(), list("CONNECTING", "ended C failed no_connection"));
        });
        tap.test("an answer that came too soon after others is given again, a new call is not", () -> {
            Device bob = Device.registered();
            Call call = bob.rings("C");
            call.accept(null);
            bob.server.refuse("call:accept", "rate_limited", "'retryAfterMs':300");
            bob.loop.advance(299);
            same(bob.server.asked(), NOTHING);
            bob.loop.advance(1);
            bob.server.accept("call:accept", "'callId':'C','status':'accepted','rev':2");
            same(bob.heard(), list("accepted C"));
            bob.client().call("alice", "D", new JsonObject(), null);
            bob.server.refuse("call:initiate", "rate_limited", "'retryAfterMs':59990");
            same(bob.heard(), list("ended D failed rate_limited"));
        });
        tap.test("what is not worth keeping fails at once", () -> {
            Device bob = Device.registered();
            Call call = bob.calls("C");
            bob.server.hear("{'event':'call:accepted','callId':'C','rev':2}");
            bob.server.cut();
            List<Reply> replies = new ArrayList<>();
            call.signal(new JsonPrimitive(1), replies::add);
            same(replies.size(), 0);
            bob.loop.run();
            same(replies.get(0).code, Reply.NO_CONNECTION);
        });
        tap.test("a call without a started client ends at once", () -> {
            Device bob = new Device();
            Call call = bob.client().call("alice", "C", new JsonObject(), null);
            holds(!call.isOver(), "the caller is told later");
            bob.loop.run();
            same(bob.heard(), list("ended C failed no_connection"));
        });
        tap.test("a server that forgot the device is told again who it is", () -> {
            Device bob = Device.registered();
            bob.client().call("alice", "C", new JsonObject(), null);
            bob.server.refuse("call:initiate", "not_registered", "");
            bob.server.accept("call:register", "'calls':[],'complete':true");
            bob.server.accept("call:initiate", "'callId':'C','status':'ringing','rev':1,'expiresInMs':45000");
            same(bob.heard(), list("CONNECTING", "REGISTERED"));
            same(bob.server.connections, 1);
        });
    }

    private void refusals() {
        tap.test("a call that cannot be made ends with the refusal's code", () -> {
            Device bob = Device.registered();
            List<Reply> replies = new ArrayList<>();
            bob.client().call("alice", "C", new JsonObject(), replies::add);
            bob.server.refuse("call:initiate", "glare", "'otherCallId':'D','otherStatus':'ringing'");
            same(bob.heard(), list("ended C failed glare"));
            same(replies.get(0).body.get("otherCallId").getAsString(), "D");
        });
        tap.test("an accept that came second: answered elsewhere, or over", () -> {
            Device bob = Device.registered();
            bob.rings("C").accept(null);
            bob.server.refuse("call:accept", "wrong_state", "'callId':'C','status':'accepted','rev':2");
            same(bob.heard(), list("ended C accepted answered_elsewhere"));
            bob.rings("D").accept(null);
            bob.server.refuse("call:accept", "call_over",
                    "'callId':'D','status':'cancelled','cause':'cancelled','rev':2");
            same(bob.heard(), list("ended D cancelled cancelled"));
            bob.rings("E").accept(null);
            bob.server.refuse("call:accept", "call_not_found", "");
            same(bob.heard(), list("ended E ended lost"));
        });
        tap.test("an end that overtook its call cancels it", () -> {
            Device bob = Device.registered();
            Call call = bob.client().call("alice", "C", new JsonObject(), null);
            call.end(null, null);
            bob.server.refuse("call:end", "call_not_found", "");
            same(bob.heard(), list("ended C cancelled cancelled"));
            bob.server.accept("call:initiate", "'callId':'C','status':'cancelled','cause':'cancelled','rev':2");
            same(bob.heard(), NOTHING);
        });
        tap.test("somebody busy: the reply says so, and the event, once", () -> {
            Device bob = Device.registered();
            bob.client().call("alice", "C", new JsonObject(), null);
            bob.server.accept("call:initiate", "'callId':'C','status':'rejected','cause':'busy','rev':2");
            bob.server.hear("{'event':'call:rejected','callId':'C','rev':2,'cause':'busy','reason':'User declined'}");
            same(bob.heard(), list("ended C rejected busy"));
        });
        tap.test("a server that wants a pause gets it, on the same connection", () -> {
            Device bob = new Device().start();
            bob.server.refuse("call:register", "rate_limited", "'retryAfterMs':7000");
            bob.loop.advance(6_999);
            same(bob.server.asked(), NOTHING);
            bob.loop.advance(1);
            same(bob.server.asked(), list("call:register"));
            same(bob.server.connections, 1);
        });
        tap.test("a refusal that waiting does not mend stops the client", () -> {
            for (String code : list("invalid_request", "too_large", "wrong_state", "unauthorized")) {
                Device bob = new Device().start();
                bob.server.refuse("call:register", code, "");
                same(bob.heard(), list("CONNECTING", "STOPPED", "stopped " + code));
                bob.loop.advance(100_000);
                same(bob.server.connections, 1);
            }
        });
    }

    /** A device whose tokens are t1, t2, ...; `log` says for each whether the last one was refused. */
    private static Device withTokens(List<Boolean> log) {
        Device bob = new Device();
        bob.config.tokens = (wasRefused, receiver) -> {
            log.add(wasRefused);
            receiver.token("t" + log.size());
        };
        return bob.start();
    }

    private static String token(Device device) {
        return device.server.body("call:register").get("token").getAsString();
    }

    private void tokens() {
        tap.test("a token is fetched, and another one when it is refused", () -> {
            List<Boolean> log = new ArrayList<>();
            Device bob = withTokens(log);
            same(token(bob), "t1");
            bob.server.refuse("call:register", "token_expired", "");
            same(token(bob), "t2");
            same(log, Arrays.asList(false, true));
            bob.server.refuse("call:register", "unauthorized", "");
            same(bob.heard(), list("CONNECTING", "STOPPED", "stopped unauthorized"));
        });
        tap.test("a fresh token is shown in good time, and nothing is said about it", () -> {
            List<Boolean> log = new ArrayList<>();
            Device bob = withTokens(log);
            bob.accepted("'calls':[],'registrationExpiresInMs':100000");
            bob.loop.advance(79_999);
            same(bob.server.asked(), NOTHING);
            bob.loop.advance(1);
            same(token(bob), "t2");
            bob.server.accept("call:register", "'calls':[],'registrationExpiresInMs':100000");
            same(bob.heard(), NOTHING);
            bob.loop.advance(80_000);
            same(token(bob), "t3");
        });
        tap.test("a registration that ran out is renewed on the same connection", () -> {
            List<Boolean> log = new ArrayList<>();
            Device bob = withTokens(log);
            bob.accepted("'calls':[]");
            bob.server.hear("{'event':'call:unregistered','cause':'token_expired'}");
            same(token(bob), "t2");
            same(bob.server.connections, 1);
        });
        tap.test("a request that finds the registration expired waits for a new one", () -> {
            List<Boolean> log = new ArrayList<>();
            Device bob = withTokens(log);
            bob.accepted("'calls':[]");
            bob.client().call("alice", "C", new JsonObject(), null);
            bob.server.refuse("call:initiate", "token_expired", "");
            same(log, Arrays.asList(false, true));
            bob.loop.run();
            bob.server.accept("call:register", "'calls':[]");
            bob.server.accept("call:initiate", "'callId':'C','status':'ringing','rev':1,'expiresInMs':45000");
            holds(bob.client().find("C").isRinging(), "it rings");
        });
        tap.test("no token now: later, with the connection and its call kept", () -> {
            Device bob = new Device();
            int[] fetched = {0};
            bob.config.tokens = (wasRefused, receiver) -> receiver.token(++fetched[0] == 1 ? "t" : null);
            bob.start();
            bob.accepted("'calls':[],'registrationExpiresInMs':10000");
            Call call = bob.rings("C");
            bob.loop.advance(9_000);
            holds(fetched[0] >= 2, "it was asked for another one");
            same(bob.server.connections, 1);
            holds(call.isRinging(), "the call is as it was");
        });
        tap.test("a source that never answers is asked again, and what comes too late is dropped", () -> {
            Device bob = new Device();
            List<CallConfig.TokenReceiver> receivers = new ArrayList<>();
            bob.config.tokens = (wasRefused, receiver) -> receivers.add(receiver);
            bob.start();
            bob.loop.advance(16_000);
            same(receivers.size(), 2);
            receivers.get(0).token("late");
            bob.loop.run();
            same(bob.server.asked(), NOTHING);
            receivers.get(1).token("good");
            bob.loop.run();
            same(token(bob), "good");
        });
    }

    private void declining() {
        String asked = "POST https://app.test/api/calls/C/reject {\"reason\":\"User declined\"}";
        tap.test("a button declines over the socket when it is there", () -> {
            Device bob = Device.registered();
            FakeBackend backend = new FakeBackend();
            int[] done = {0};
            bob.rings("C");
            new Decline(bob.client(), backend, "https://app.test").decline("C", "User declined", () -> done[0]++);
            bob.server.accept("call:reject", "'callId':'C','status':'rejected','cause':'declined','rev':2");
            bob.loop.advance(10_000);
            same(done[0], 1);
            same(backend.requests, NOTHING);
        });
        tap.test("over the backend when it is not", () -> {
            Device bob = new Device();
            FakeBackend backend = new FakeBackend();
            int[] done = {0};
            new Decline(bob.client(), backend, "https://app.test/").decline("C", "User declined", () -> done[0]++);
            bob.loop.run();
            same(done[0], 1);
            same(backend.requests, list(asked));
        });
        tap.test("over both when the socket does not answer in time, and is done once", () -> {
            Device bob = Device.registered();
            FakeBackend backend = new FakeBackend();
            int[] done = {0};
            bob.rings("C");
            new Decline(bob.client(), backend, "https://app.test").decline("C", "User declined", () -> done[0]++);
            bob.loop.advance(1_999);
            same(backend.requests, NOTHING);
            bob.loop.advance(1);
            same(backend.requests, list(asked));
            bob.server.accept("call:reject", "'callId':'C','status':'rejected','cause':'declined','rev':2");
            bob.loop.advance(10_000);
            same(done[0], 1);
        });
        tap.test("over the backend when the socket refuses", () -> {
            Device bob = Device.registered();
            FakeBackend backend = new FakeBackend();
            int[] done = {0};
            bob.rings("C");
            new Decline(bob.client(), backend, "https://app.test").decline("C", "User declined", () -> done[0]++);
            bob.server.refuse("call:reject", "internal", "");
            bob.loop.advance(10_000);
            same(backend.requests, list(asked));
            same(done[0], 1);
        });
    }

    private void leaving() {
        tap.test("who stops says so, and closes then", () -> {
            Device bob = Device.registered();
            bob.rings("C");
            bob.client().stop();
            same(bob.heard(), list("STOPPED", "ended C ended unregistered"));
            same(bob.server.asked(), list("call:unregister"));
            holds(bob.server.isConnected(), "the reply is waited for");
            bob.server.accept("call:unregister", "");
            holds(!bob.server.isConnected(), "then it closes");
            bob.loop.advance(100_000);
            same(bob.server.connections, 1);
            bob.client().start();
            same(bob.server.connections, 2);
        });
        tap.test("a listener may stop the client in the middle of anything", () -> {
            for (String when : list("ended C", "REGISTERED", "registered", "CONNECTING")) {
                Device bob = Device.registered();
                bob.rings("C");
                bob.when = when;
                bob.then = () -> bob.client().stop();
                bob.server.cut();
                bob.loop.advance(500);
                if (!when.equals("CONNECTING"))
                    bob.server.accept("call:register", "'calls':[],'complete':true");
                same(bob.client().state(), CallClient.State.STOPPED);
                bob.loop.advance(100_000);
                same(bob.client().state(), CallClient.State.STOPPED);
                same(bob.loop.waiting(), 0);
            }
        });
        tap.test("a listener may start it again in the middle of anything", () -> {
            for (String when : list("CONNECTING", "STOPPED", "stopped")) {
                Device bob = Device.registered();
                bob.when = when;
                bob.then = () -> bob.client().start();
                if (when.equals("CONNECTING"))
                    bob.server.cut();
                else
                    bob.server.hear("{'event':'call:replaced'}");
                bob.loop.run();
                same(bob.server.connections, 2);
                bob.server.accept("call:register", "'calls':[]");
                bob.loop.advance(20_000);
                same(bob.server.connections, 2);
                same(bob.client().state(), CallClient.State.REGISTERED);
            }
        });
        tap.test("who asks when the client is stopped from afar is answered that there is no connection", () -> {
            Device bob = Device.registered();
            List<Reply> replies = new ArrayList<>();
            bob.client().request("call:history", new JsonObject(),
                    reply -> bob.client().request("call:history", new JsonObject(), replies::add));
            bob.server.hear("{'event':'call:replaced'}");
            bob.loop.run();
            same(replies.get(0).code, Reply.NO_CONNECTION);
        });
        tap.test("a device that registered elsewhere does not fight for its place", () -> {
            Device bob = Device.registered();
            bob.rings("C");
            bob.server.hear("{'event':'call:replaced'}");
            same(bob.heard(), list("STOPPED", "ended C ended replaced", "stopped replaced"));
            bob.loop.advance(100_000);
            same(bob.server.connections, 1);
        });
        tap.test("a device that an operator took off stays off", () -> {
            Device bob = Device.registered();
            bob.server.hear("{'event':'call:unregistered','cause':'admin'}");
            same(bob.heard(), list("STOPPED", "stopped admin"));
            bob.loop.advance(100_000);
            same(bob.server.connections, 1);
        });
    }
}
