// SPDX-License-Identifier: MIT
package januscall;

import java.util.PriorityQueue;

/** A loop whose time stands still until a test moves it. */
final class TestLoop implements EventLoop {
    private static final class Task implements Comparable<Task>, Timer {
        final long at;
        final long order;
        final Runnable what;
        boolean isCancelled;

        Task(long at, long order, Runnable what) {
            this.at = at;
            this.order = order;
            this.what = what;
        }

        @Override
        public int compareTo(Task other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(order, other.order);
        }

        @Override
        public void cancel() {
            isCancelled = true;
        }
    }

    private final PriorityQueue<Task> tasks = new PriorityQueue<>();
    private long now = 1_000_000;
    private long count;
    boolean isCurrent = true;

    @Override
    public void post(Runnable task) {
        after(0, task);
    }

    @Override
    public Timer after(long ms, Runnable task) {
        Task one = new Task(now + ms, ++count, task);
        tasks.add(one);
        return one;
    }

    @Override
    public long nowMs() {
        return now;
    }

    @Override
    public boolean isCurrent() {
        return isCurrent;
    }

    /** How many tasks and timers wait. */
    int waiting() {
        int count = 0;
        for (Task task : tasks)
            if (!task.isCancelled)
                count++;
        return count;
    }

    /** Runs what is due. */
    void run() {
        advance(0);
    }

    /** Moves the time on, and runs what becomes due, each thing at its time. */
    void advance(long ms) {
        long until = now + ms;
        while (!tasks.isEmpty() && tasks.peek().at <= until) {
            Task task = tasks.poll();
            now = Math.max(now, task.at);
            if (!task.isCancelled)
                task.what.run();
        }
        now = until;
    }
}
