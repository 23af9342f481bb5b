// SPDX-License-Identifier: MIT
package januscall;

/**
 * The one thread on which a {@link CallClient} lives. The client is called on it, calls its listener on it, and keeps
 * all that it knows on it: nothing is locked. On Android this is the main thread (android/HandlerLoop.java); elsewhere
 * a {@link ThreadLoop}.
 */
public interface EventLoop {
    /** Runs a task on the loop's thread, after those that were posted before. May be called on any thread. */
    void post(Runnable task);

    /** Runs a task on the loop's thread, so many milliseconds from now. */
    Timer after(long ms, Runnable task);

    /** Milliseconds of a clock that never jumps, and that goes on while the machine sleeps if there is such a one. */
    long nowMs();

    /** Whether the caller is on the loop's thread. */
    boolean isCurrent();

    interface Timer {
        /** The task does not run any more, if it did not already. */
        void cancel();
    }
}
