<?php
// SPDX-License-Identifier: MIT

use Illuminate\Database\Migrations\Migration;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Schema;

return new class extends Migration
{
    public function up(): void
    {
        // Names are told apart by case. MySQL's usual collation would not.
        $exact = in_array(DB::getDriverName(), ['mysql', 'mariadb'], true) ? 'utf8mb4_bin' : null;

        // What the plugin told us of each call. Times are Unix time in milliseconds, as it sends them.
        Schema::create('calls', function (Blueprint $table) use ($exact) {
            $table->id();
            $table->string('call_id', 64)->collation($exact);
            $table->string('caller_id', 128)->collation($exact);
            $table->string('callee_id', 128)->collation($exact)->index();
            $table->string('status', 16)->index();
            $table->string('cause', 32)->nullable();
            $table->string('reason', 256)->nullable();
            $table->json('media')->nullable();
            $table->string('mode', 16)->nullable();
            $table->json('data')->nullable();
            $table->unsignedBigInteger('created_at');
            $table->unsignedBigInteger('ringing_at')->nullable();
            $table->unsignedBigInteger('accepted_at')->nullable();
            $table->unsignedBigInteger('ended_at')->nullable();
            $table->unsignedBigInteger('duration_ms')->nullable();
            $table->string('answered_by', 128)->nullable();
            $table->string('ended_by', 128)->nullable();
            $table->unsignedInteger('rev');
            // A callId is its caller's own: two users may use the same.
            $table->unique(['caller_id', 'call_id']);
        });

        // The webhooks that were handled, for those that come twice.
        Schema::create('call_webhooks', function (Blueprint $table) use ($exact) {
            $table->string('id', 128)->collation($exact)->primary();
            $table->timestamp('received_at')->index();
        });

        Schema::create('push_tokens', function (Blueprint $table) use ($exact) {
            $table->id();
            $table->string('user_id', 128)->collation($exact)->index();
            $table->string('device_id', 128)->collation($exact);
            $table->string('token', 512)->collation($exact);
            $table->timestamps();
            $table->unique(['user_id', 'device_id']);
        });

        // One push a call and phone, and one to stop it. The call's created_at is part of its name: an id may be used again.
        Schema::create('pushes', function (Blueprint $table) use ($exact) {
            $table->id();
            $table->string('call_id', 64)->collation($exact);
            $table->string('caller_id', 128)->collation($exact);
            $table->unsignedBigInteger('called_at');
            $table->unsignedBigInteger('push_token_id');
            $table->timestamp('sent_at')->nullable();
            $table->timestamp('stopped_at')->nullable();
            $table->unique(['caller_id', 'call_id', 'called_at', 'push_token_id'], 'pushes_once');
        });
    }

    public function down(): void
    {
        foreach (['pushes', 'push_tokens', 'call_webhooks', 'calls'] as $table) {
            Schema::dropIfExists($table);
        }
    }
};
