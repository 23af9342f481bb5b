// SPDX-License-Identifier: MIT
package januscall.android;

import android.os.Handler;
import android.os.Looper;
import android.os.SystemClock;
import januscall.EventLoop;

/** The app's main thread as the thread of a {@link januscall.CallClient}. */
public final class HandlerLoop implements EventLoop {
    private final Handler handler = new Handler(Looper.getMainLooper());

    @Override
    public void post(Runnable task) {
        handler.post(task);
    }

    @Override
    public Timer after(long ms, Runnable task) {
        Once once = new Once(task);
        handler.postDelayed(once, ms);
        return once;
    }

    /** An object of its own, so that cancelling one timer never hits another one with the same task. */
    private final class Once implements Runnable, Timer {
        private final Runnable task;

        Once(Runnable task) {
            this.task = task;
        }

        @Override
        public void run() {
            task.run();
        }

        @Override
        public void cancel() {
            handler.removeCallbacks(this);
        }
    }

    /** Goes on while the phone sleeps. The timers do not: hold a wake lock while it rings, as CallService does. */
    @Override
    public long nowMs() {
        return SystemClock.elapsedRealtime();
    }

    @Override
    public boolean isCurrent() {
        return Looper.myLooper() == Looper.getMainLooper();
    }
}
