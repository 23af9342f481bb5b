// SPDX-License-Identifier: MIT
package januscall.android;

import android.content.BroadcastReceiver;
import android.content.Context;
import android.content.Intent;

/** The notification's button. The app may have been started by it, and lives for ten seconds. */
public final class DeclineReceiver extends BroadcastReceiver {
    @Override
    public void onReceive(Context context, Intent intent) {
        PendingResult result = goAsync();
        Calls.get(context).decline(intent.getStringExtra(CallService.CALL_ID), result::finish);
    }
}
