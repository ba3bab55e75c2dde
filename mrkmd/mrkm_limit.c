// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How often something may be said.
 */
#include "mrkmd/mrkm_limit.h"

bool mrkm_limiter_pass(struct mrkm_limiter *limiter, uint32_t most,
		       uint64_t now, uint64_t *suppressed)
{
	if (!limiter->window_start ||
	    now - limiter->window_start >= MRKM_LIMIT_WINDOW) {
		limiter->window_start = now;
		limiter->passed = 0;
	}
	if (limiter->passed >= most) {
		limiter->suppressed++;
		return false;
	}
	limiter->passed++;
	*suppressed = limiter->suppressed;
	limiter->suppressed = 0;
	return true;
}
