// SPDX-License-Identifier: MIT
package januscall;

import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** An {@link EventLoop} with a thread of its own, for programs that have none. */
public final class ThreadLoop implements EventLoop {
    private final ScheduledThreadPoolExecutor executor;
    private volatile Thread thread;

    public ThreadLoop(String name) {
        executor = new ScheduledThreadPoolExecutor(1, task -> thread = new Thread(task, name));
        executor.setRemoveOnCancelPolicy(true);
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    @Override
    public void post(Runnable task) {
        after(0, task);
    }

    @Override
    public Timer after(long ms, Runnable task) {
        Future<?> future = executor.schedule(() -> run(task), ms, TimeUnit.MILLISECONDS);
        return () -> future.cancel(false);
    }

    /** The executor would keep what a task throws to itself. */
    private void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error fault) {
            thread.getUncaughtExceptionHandler().uncaughtException(thread, fault);
        }
    }

    @Override
    public long nowMs() {
        return System.nanoTime() / 1_000_000;
    }

    @Override
    public boolean isCurrent() {
        return Thread.currentThread() == thread;
    }

    /** Ends the thread. Stop the clients on it first. */
    public void shutdown() {
        executor.shutdown();
    }
}
