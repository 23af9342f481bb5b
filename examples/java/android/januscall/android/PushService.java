// SPDX-License-Identifier: MIT
package januscall.android;

import com.google.firebase.messaging.FirebaseMessagingService;
import com.google.firebase.messaging.RemoteMessage;
import java.util.Map;

/** A push wakes the phone: it rings at once, and asks the server meanwhile what is true. */
public final class PushService extends FirebaseMessagingService {
    @Override
    public void onMessageReceived(RemoteMessage message) {
        Map<String, String> data = message.getData();
        String callId = data.get("callId");
        if (callId == null)
            return;
        if ("call_stop".equals(data.get("type"))) {
            CallService.stop(this, callId);
            return;
        }
        // Two servers' clocks, and not this phone's, which may be wrong by hours.
        long expiresInMs = Long.parseLong(data.get("expiresAt")) - message.getSentTime();
        // First, while the push still allows it: from now on the foreground service keeps the app alive.
        if (!CallService.isBusyWithout(callId))
            CallService.ring(this, callId, data.get("callerName"), expiresInMs);
        Calls calls = Calls.get(this);
        calls.loop.post(() -> calls.pushed(callId));
    }

    @Override
    public void onNewToken(String token) {
        Account.sendPushToken(this, token);
    }
}
