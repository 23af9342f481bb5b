// SPDX-License-Identifier: MIT
package januscall;

import java.io.IOException;
import okhttp3.Callback;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/**
 * Declines a call for a button that has only seconds, such as one in a notification: over the socket if it is there, or
 * else over the app's own backend (`POST /api/calls/{callId}/reject`). It does no harm when both arrive.
 */
public final class Decline {
    private static final long SOCKET_MS = 2_000;
    private static final MediaType JSON = MediaType.get("application/json; charset=utf-8");

    private final CallClient client;
    private final okhttp3.Call.Factory http;
    private final HttpUrl backend;

    /**
     * @param http an `OkHttpClient` that shows the backend who the user is, as for the app's other requests
     * @param backend the address under which it has `/api/calls`
     */
    public Decline(CallClient client, okhttp3.Call.Factory http, String backend) {
        this.client = client;
        this.http = http;
        this.backend = HttpUrl.get(backend);
    }

    /** Declines. `done` is run once, on the client's thread, when one way has succeeded or both have failed. */
    public void decline(String callId, String reason, Runnable done) {
        Call call = client.find(callId);
        if (call == null || client.state() != CallClient.State.REGISTERED) {
            overBackend(callId, reason, done);
            return;
        }
        boolean[] isDecided = {false};
        Runnable otherwise = () -> {
            if (isDecided[0])
                return;
            isDecided[0] = true;
            overBackend(callId, reason, done);
        };
        EventLoop.Timer limit = client.loop.after(SOCKET_MS, otherwise);
        call.reject(reason, reply -> {
            limit.cancel();
            if (!reply.isSuccess) {
                otherwise.run();
            } else if (!isDecided[0]) {
                isDecided[0] = true;
                done.run();
            }
        });
    }

    private void overBackend(String callId, String reason, Runnable done) {
        HttpUrl url = backend.newBuilder().addPathSegments("api/calls").addPathSegment(callId)
                .addPathSegment("reject").build();
        RequestBody body = RequestBody.create(JSON, Json.of("reason", reason).toString());
        http.newCall(new Request.Builder().url(url).post(body).build()).enqueue(new Callback() {
            @Override
            public void onResponse(okhttp3.Call request, Response response) {
                response.close();
                client.loop.post(done);
            }

            @Override
            public void onFailure(okhttp3.Call request, IOException fault) {
                client.loop.post(done);
            }
        });
    }
}
