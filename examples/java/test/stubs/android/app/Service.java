package android.app;

import android.content.ContextWrapper;
import android.content.Intent;
import android.os.IBinder;

public abstract class Service extends ContextWrapper {
    public int onStartCommand(Intent intent, int flags, int startId) {
        throw new UnsupportedOperationException();
    }

    public static final int START_NOT_STICKY = 2;

    public void onDestroy() {
    }

    public abstract IBinder onBind(Intent intent);

    public final void stopSelf() {
        throw new UnsupportedOperationException();
    }
}
