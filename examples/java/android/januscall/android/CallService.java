// SPDX-License-Identifier: MIT
package januscall.android;

import android.app.Notification;
import android.app.PendingIntent;
import android.app.Service;
import android.content.Context;
import android.content.Intent;
import android.content.pm.ServiceInfo;
import android.os.Build;
import android.os.IBinder;
import android.os.PowerManager;
import androidx.core.app.NotificationChannelCompat;
import androidx.core.app.NotificationCompat;
import androidx.core.app.NotificationManagerCompat;
import androidx.core.app.Person;
import androidx.core.app.ServiceCompat;
import androidx.core.content.ContextCompat;
import januscall.EventLoop;

/** Keeps the app alive and its user informed while a call rings or is in progress: one call at a time. */
public final class CallService extends Service {
    static final String CALL_ID = "callId";
    private static final String NAME = "name";
    private static final String EXPIRES_IN_MS = "expiresInMs";
    private static final String RING = "ring";
    private static final String TALK = "talk";
    private static final String CHANNEL = "calls";
    private static final int NOTIFICATION = 1;

    /** The call to be shown, and the service once it does: between the two Android takes its time. */
    private static volatile String shown;
    private static CallService running;

    private String callId;
    private EventLoop.Timer end;
    private PowerManager.WakeLock wakeLock;

    // --- from anywhere in the app ---

    /** Returns whether it rings: in the background Android allows it only shortly after a push. */
    static boolean ring(Context context, String callId, String name, long expiresInMs) {
        return start(context, callId, intent(context, RING, callId, name).putExtra(EXPIRES_IN_MS, expiresInMs));
    }

    static boolean talk(Context context, String callId, String name) {
        return start(context, callId, intent(context, TALK, callId, name));
    }

    private static boolean start(Context context, String callId, Intent intent) {
        try {
            ContextCompat.startForegroundService(context, intent);
            shown = callId;
            return true;
        } catch (IllegalStateException notNow) {
            return false;
        }
    }

    static boolean isBusyWithout(String callId) {
        String other = shown;
        return other != null && !other.equals(callId);
    }

    /** On any thread. Stops only if it is this call that the service shows. */
    static void stop(Context context, String callId) {
        Calls.get(context).loop.post(() -> {
            if (!callId.equals(shown))
                return;
            shown = null;
            if (running != null)
                running.stopSelf();
        });
    }

    private static Intent intent(Context context, String action, String callId, String name) {
        return new Intent(context, CallService.class).setAction(action).putExtra(CALL_ID, callId).putExtra(NAME, name);
    }

    // --- the service ---

    @Override
    public int onStartCommand(Intent intent, int flags, int startId) {
        running = this;
        callId = intent.getStringExtra(CALL_ID);
        // To be shown in any case, or Android ends the app.
        boolean isRinging = RING.equals(intent.getAction());
        show(isRinging ? ringing(intent.getStringExtra(NAME)) : talking(intent.getStringExtra(NAME)));
        release();
        if (isRinging)
            ringFor(intent.getLongExtra(EXPIRES_IN_MS, 0));
        if (!callId.equals(shown))
            stopSelf();
        return START_NOT_STICKY;
    }

    private void show(Notification notification) {
        int type = Build.VERSION.SDK_INT >= 29 ? ServiceInfo.FOREGROUND_SERVICE_TYPE_PHONE_CALL : 0;
        ServiceCompat.startForeground(this, NOTIFICATION, notification, type);
    }

    /** The end comes with its time, whatever the network does; and the phone does not sleep before it. */
    private void ringFor(long ms) {
        PowerManager power = getSystemService(PowerManager.class);
        wakeLock = power.newWakeLock(PowerManager.PARTIAL_WAKE_LOCK, "calls:ring");
        wakeLock.acquire(ms + 1000);
        end = Calls.get(this).loop.after(ms, () -> stop(this, callId));
    }

    private void release() {
        if (end != null)
            end.cancel();
        if (wakeLock != null && wakeLock.isHeld())
            wakeLock.release();
    }

    @Override
    public void onDestroy() {
        release();
        running = null;
        if (callId != null && callId.equals(shown))
            shown = null;
    }

    @Override
    public IBinder onBind(Intent intent) {
        return null;
    }

    // --- its notifications ---

    private Notification ringing(String name) {
        return notification(NotificationCompat.CallStyle
                .forIncomingCall(person(name), declining(), activity("answer", 2)))
                .setFullScreenIntent(activity("open", 1), true).build();
    }

    private Notification talking(String name) {
        return notification(NotificationCompat.CallStyle.forOngoingCall(person(name), activity("hangUp", 3))).build();
    }

    private NotificationCompat.Builder notification(NotificationCompat.Style style) {
        NotificationManagerCompat.from(this).createNotificationChannel(
                new NotificationChannelCompat.Builder(CHANNEL, NotificationManagerCompat.IMPORTANCE_HIGH)
                        .setName("Calls").build());
        return new NotificationCompat.Builder(this, CHANNEL).setSmallIcon(R.drawable.call).setStyle(style)
                .setCategory(NotificationCompat.CATEGORY_CALL).setOngoing(true);
    }

    private static Person person(String name) {
        return new Person.Builder().setName(name != null ? name : "Unknown").setImportant(true).build();
    }

    /** Answering opens the app, so it must be an activity: a receiver may not start one. */
    private PendingIntent activity(String action, int request) {
        Intent intent = new Intent(this, CallActivity.class).setAction(action).putExtra(CALL_ID, callId)
                .addFlags(Intent.FLAG_ACTIVITY_NEW_TASK);
        return PendingIntent.getActivity(this, request, intent,
                PendingIntent.FLAG_UPDATE_CURRENT | PendingIntent.FLAG_IMMUTABLE);
    }

    private PendingIntent declining() {
        Intent intent = new Intent(this, DeclineReceiver.class).putExtra(CALL_ID, callId);
        return PendingIntent.getBroadcast(this, 4, intent,
                PendingIntent.FLAG_UPDATE_CURRENT | PendingIntent.FLAG_IMMUTABLE);
    }
}
