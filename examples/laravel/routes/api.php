<?php
// SPDX-License-Identifier: MIT

use App\Http\Controllers\CallController;
use App\Http\Controllers\CallTokenController;
use App\Http\Controllers\CallWebhookController;
use App\Http\Controllers\PushTokenController;
use App\Http\Middleware\VerifyWebhookSignature;
use Illuminate\Support\Facades\Route;

// The app. With tymon/jwt-auth the guard is auth:api.
Route::middleware('auth:sanctum')->group(function () {
    Route::post('/calls/token', CallTokenController::class);
    Route::post('/push-tokens', [PushTokenController::class, 'store']);
    Route::get('/calls', [CallController::class, 'index']);
    Route::post('/calls', [CallController::class, 'store']);
    Route::post('/calls/{id}/reject', [CallController::class, 'reject']);
    Route::post('/calls/{id}/end', [CallController::class, 'end']);
});

// The plugin.
Route::post('/webhooks/calls', CallWebhookController::class)->middleware(VerifyWebhookSignature::class);
