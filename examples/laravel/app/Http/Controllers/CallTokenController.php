<?php
// SPDX-License-Identifier: MIT

namespace App\Http\Controllers;

use App\Calls\CallToken;
use Illuminate\Http\JsonResponse;
use Illuminate\Http\Request;

class CallTokenController
{
    private const NAME_BYTES = 128;

    /** Who is logged in gets a token for `call:register`, good for this device alone. */
    public function __invoke(Request $request, CallToken $tokens): JsonResponse
    {
        ['deviceId' => $deviceId] = $request->validate(['deviceId' => 'required|string|max:128']);
        $user = $request->user();
        $name = mb_strcut((string) $user->name, 0, self::NAME_BYTES) ?: null;

        return response()->json([
            'token' => $tokens->mint((string) $user->getAuthIdentifier(), $deviceId, $name),
            'expiresInMs' => $tokens->seconds * 1000,
        ]);
    }
}
