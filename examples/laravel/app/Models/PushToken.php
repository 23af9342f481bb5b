<?php
// SPDX-License-Identifier: MIT

namespace App\Models;

use Illuminate\Database\Eloquent\Model;

/** Where FCM finds a phone of a user. */
class PushToken extends Model
{
    protected $guarded = [];

    /** FCM does not know this token any more. The phone may have sent another meanwhile. */
    public function forget(): void
    {
        self::query()->whereKey($this->id)->where('token', $this->token)->delete();
    }
}
