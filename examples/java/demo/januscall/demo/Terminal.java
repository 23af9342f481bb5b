// SPDX-License-Identifier: MIT
package januscall.demo;

import com.google.gson.JsonObject;
import januscall.Call;
import januscall.CallClient;
import januscall.CallConfig;
import januscall.CallListener;
import januscall.ThreadLoop;
import java.util.Scanner;
import okhttp3.OkHttpClient;

/** A device in a terminal: Terminal URL USER DEVICE. Then type `call USER`, `accept`, `reject`, `end` or `quit`. */
public final class Terminal implements CallListener {
    private final ThreadLoop loop = new ThreadLoop("calls");
    private final CallClient client;
    private Call call;

    private Terminal(String url, String userId, String deviceId) {
        CallConfig config = new CallConfig(url, userId, deviceId);
        client = new CallClient(new OkHttpClient(), config, loop, this);
    }

    public static void main(String[] arguments) {
        Terminal self = new Terminal(arguments[0], arguments[1], arguments[2]);
        self.loop.post(self.client::start);
        Scanner lines = new Scanner(System.in, "UTF-8");
        while (lines.hasNextLine()) {
            String line = lines.nextLine().trim();
            self.loop.post(() -> self.typed(line));
            if (line.equals("quit"))
                return;
        }
    }

    private void typed(String line) {
        if (line.startsWith("call "))
            call = client.call(line.substring(5));
        else if (line.equals("quit"))
            quit();
        else if (call == null)
            System.out.println("no call yet");
        else if (line.equals("accept"))
            call.accept(null);
        else if (line.equals("reject"))
            call.reject("User declined", null);
        else if (line.equals("end"))
            call.end(null, null);
    }

    /** What leaves on purpose says so first; the reply is waited for, but not for ever. */
    private void quit() {
        client.stop();
        loop.after(500, () -> System.exit(0));
    }

    @Override
    public void onRegistered(JsonObject reply) {
        System.out.println("registered");
    }

    @Override
    public void onIncoming(Call incoming) {
        call = incoming;
        call.ringing();
        System.out.println(call.peerId() + " calls; it rings for " + (call.expiresInMs() + 500) / 1000 + " s");
    }

    @Override
    public void onRinging(Call ringing) {
        System.out.println("it rings at " + ringing.peerId());
    }

    @Override
    public void onAccepted(Call accepted) {
        System.out.println("in the call with " + accepted.peerId());
    }

    @Override
    public void onEnded(Call ended) {
        System.out.println("over: " + ended.status() + ", " + ended.cause());
    }
}
