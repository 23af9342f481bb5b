<?php
// SPDX-License-Identifier: MIT

namespace App\Models;

use Illuminate\Database\Eloquent\Model;

/** That a phone was pushed for a call. */
class Push extends Model
{
    public $timestamps = false;

    protected $guarded = [];

    protected $casts = ['sent_at' => 'datetime', 'stopped_at' => 'datetime'];

    /** The one of this call and phone, made if there is none yet. */
    public static function for(array $record, PushToken $phone): self
    {
        $key = self::keyOf($record, $phone);
        self::query()->insertOrIgnore($key);

        return self::query()->where($key)->firstOrFail();
    }

    public static function sent(array $record, PushToken $phone): ?self
    {
        return self::query()->where(self::keyOf($record, $phone))->whereNotNull('sent_at')->first();
    }

    private static function keyOf(array $record, PushToken $phone): array
    {
        return [
            'caller_id' => $record['callerId'], 'call_id' => $record['callId'], 'called_at' => $record['createdAt'],
            'push_token_id' => $phone->id,
        ];
    }
}
