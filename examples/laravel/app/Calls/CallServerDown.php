<?php
// SPDX-License-Identifier: MIT

namespace App\Calls;

use Illuminate\Http\JsonResponse;
use RuntimeException;

class CallServerDown extends RuntimeException
{
    /** The log has the message; the app needs to know no more than this. */
    public function render(): JsonResponse
    {
        return response()->json(['code' => 'call_server_down', 'error' => 'try again'], 503);
    }
}
