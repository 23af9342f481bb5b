// SPDX-License-Identifier: MIT
package januscall.android;

import android.app.Activity;
import android.content.Intent;
import android.os.Bundle;
import januscall.Call;

/** What the notification opens, over the lock screen. Yours has buttons and pictures. */
public final class CallActivity extends Activity {
    @Override
    protected void onCreate(Bundle savedState) {
        super.onCreate(savedState);
        act(getIntent());
    }

    @Override
    protected void onNewIntent(Intent intent) {
        super.onNewIntent(intent);
        act(intent);
    }

    private void act(Intent intent) {
        Calls calls = Calls.get(this);
        String callId = intent.getStringExtra(CallService.CALL_ID);
        if ("answer".equals(intent.getAction()))
            calls.answer(callId);
        if ("hangUp".equals(intent.getAction()))
            hangUp(calls.client.find(callId));
    }

    private static void hangUp(Call call) {
        if (call != null)
            call.end(null, null);
    }
}
