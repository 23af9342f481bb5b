// SPDX-License-Identifier: MIT
package januscall;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import okhttp3.Callback;
import okhttp3.Request;
import okio.Buffer;
import okio.Timeout;

/** A backend that hears requests, and is never reached: what came of it does not matter to who asks. */
final class FakeBackend implements okhttp3.Call.Factory {
    final List<String> requests = new ArrayList<>();

    @Override
    public okhttp3.Call newCall(Request request) {
        return new FakeCall(request);
    }

    private final class FakeCall implements okhttp3.Call {
        private final Request request;

        FakeCall(Request request) {
            this.request = request;
        }

        @Override
        public void enqueue(Callback callback) {
            Buffer body = new Buffer();
            try {
                request.body().writeTo(body);
            } catch (IOException fault) {
                throw new AssertionError(fault);
            }
            requests.add(request.method() + " " + request.url() + " " + body.readUtf8());
            callback.onFailure(this, new IOException("not reached"));
        }

        @Override
        public Request request() {
            return request;
        }

        @Override
        public okhttp3.Response execute() {
            throw new AssertionError("nobody waits for the network on this thread");
        }

        @Override
        public void cancel() {
        }

        @Override
        public boolean isExecuted() {
            return true;
        }

        @Override
        public boolean isCanceled() {
            return false;
        }

        @Override
        public Timeout timeout() {
            return Timeout.NONE;
        }

        @Override
        public okhttp3.Call clone() {
            return new FakeCall(request);
        }
    }
}
