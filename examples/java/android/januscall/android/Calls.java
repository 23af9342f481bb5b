// SPDX-License-Identifier: MIT
package januscall.android;

import android.content.Context;
import android.net.ConnectivityManager;
import android.net.Network;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import januscall.BackendTokens;
import januscall.Call;
import januscall.CallClient;
import januscall.CallConfig;
import januscall.CallListener;
import januscall.Decline;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;

/** The app's one client, and what it does to the phone. Everything but {@link #get} is the main thread's. */
public final class Calls implements CallListener {
    private static final String SERVER = "wss://calls.example.org/janus";
    private static final String BACKEND = "https://app.example.org";

    private static Calls instance;

    private final Context context;
    final HandlerLoop loop = new HandlerLoop();
    final CallClient client;
    private final Decline decline;
    /** The call that a push told of, and the answer that the user gave before the socket was there. */
    private String pushedCallId;
    private String wantedCallId;

    public static synchronized Calls get(Context context) {
        if (instance == null)
            instance = new Calls(context.getApplicationContext());
        return instance;
    }

    private Calls(Context context) {
        this.context = context;
        OkHttpClient sockets = new OkHttpClient();
        OkHttpClient http = sockets.newBuilder().callTimeout(8, TimeUnit.SECONDS)
                .addInterceptor(new Account(context)).build();
        String deviceId = Account.installationId(context);
        CallConfig config = new CallConfig(SERVER, Account.userId(context), deviceId);
        config.tokens = new BackendTokens(http, BACKEND, deviceId);
        client = new CallClient(sockets, config, loop, this);
        decline = new Decline(client, http, BACKEND);
        followNetwork();
    }

    /** Android says when there is another network long before a keepalive goes unanswered. */
    private void followNetwork() {
        ConnectivityManager manager = context.getSystemService(ConnectivityManager.class);
        manager.registerDefaultNetworkCallback(new ConnectivityManager.NetworkCallback() {
            private Network last;

            @Override
            public void onAvailable(Network network) {
                boolean isNew = last != null && !last.equals(network);
                last = network;
                loop.post(() -> client.networkChanged(isNew));
            }
        });
    }

    // --- what the user does ---

    void answer(String callId) {
        Call call = client.find(callId);
        wantedCallId = call == null ? callId : null;
        if (call != null)
            call.accept(null);
    }

    void decline(String callId, Runnable done) {
        CallService.stop(context, callId);
        decline.decline(callId, "User declined", done);
    }

    // --- a push came ---

    void pushed(String callId) {
        Call call = client.find(callId);
        if (call != null && call.isRinging())
            return;
        pushedCallId = callId;
        // The server pushes because it does not reach this phone: a connection that looks well is dead.
        if (client.state() == CallClient.State.REGISTERED)
            client.networkChanged(true);
        else
            client.start();
    }

    @Override
    public void onRegistered(JsonObject reply) {
        // The list is the server's word: what it does not name as ringing is over, and the push was late.
        if (pushedCallId != null && !isRinging(reply, pushedCallId))
            CallService.stop(context, pushedCallId);
        pushedCallId = null;
    }

    private static boolean isRinging(JsonObject reply, String callId) {
        for (JsonElement element : reply.getAsJsonArray("calls")) {
            JsonObject call = element.getAsJsonObject();
            if (callId.equals(call.get("callId").getAsString()))
                return Call.RINGING.equals(call.get("status").getAsString());
        }
        return false;
    }

    // --- what the server says ---

    @Override
    public void onIncoming(Call call) {
        if (CallService.isBusyWithout(call.id())) {
            call.rejectAsBusy(null);
            return;
        }
        String name = call.peerName() != null ? call.peerName() : call.peerId();
        // Said only if it is true: a server that does not hear it may push.
        if (CallService.ring(context, call.id(), name, call.expiresInMs()))
            call.ringing();
        if (call.id().equals(wantedCallId))
            answer(call.id());
    }

    @Override
    public void onAccepted(Call call) {
        CallService.talk(context, call.id(), call.peerId());
        // Begin with the media here.
    }

    @Override
    public void onEnded(Call call) {
        CallService.stop(context, call.id());
        // End the media here; a call that was missed gets a notification of its own.
    }
}
