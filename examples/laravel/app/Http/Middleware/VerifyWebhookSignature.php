<?php
// SPDX-License-Identifier: MIT

namespace App\Http\Middleware;

use App\Calls\WebhookSignature;
use Closure;
use Illuminate\Http\Request;
use Symfony\Component\HttpFoundation\Response;

class VerifyWebhookSignature
{
    public function __construct(private WebhookSignature $signature)
    {
    }

    public function handle(Request $request, Closure $next): Response
    {
        $isGood = $this->signature->isGood(
            $request->header('webhook-id'),
            $request->header('webhook-timestamp'),
            $request->header('webhook-signature'),
            $request->getContent(),
        );

        return $isGood ? $next($request) : response()->json(['error' => 'not signed by us, or too old'], 401);
    }
}
