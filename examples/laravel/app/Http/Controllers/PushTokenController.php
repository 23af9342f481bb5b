<?php
// SPDX-License-Identifier: MIT

namespace App\Http\Controllers;

use App\Models\PushToken;
use Illuminate\Http\Request;
use Illuminate\Http\Response;

class PushTokenController
{
    /** The app has a new token of FCM. A phone that another user had logs in here: the token moves. */
    public function store(Request $request): Response
    {
        $asked = $request->validate(['deviceId' => 'required|string|max:128', 'token' => 'required|string|max:512']);
        $user = (string) $request->user()->getAuthIdentifier();
        PushToken::where('token', $asked['token'])->where('user_id', '!=', $user)->delete();
        PushToken::updateOrCreate(['user_id' => $user, 'device_id' => $asked['deviceId']], ['token' => $asked['token']]);

        return response()->noContent();
    }
}
