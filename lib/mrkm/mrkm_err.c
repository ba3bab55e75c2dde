// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reasons of the key channel.
 */
#include <stdlib.h>

#include "mrkm/mrkm_err.h"

static const struct {
	const char *name, *text;
} reasons[MRKM_ERR_MAX] = {
#define X(id, name, text) [MRKM_ERR_##id] = { name, text },
	MRKM_ERRORS(X)
#undef X
};

const char *mrkm_err_text(int err)
{
	err = abs(err);
	return err < MRKM_ERR_MAX ? reasons[err].text : "unknown reason";
}

const char *mrkm_err_name(int err)
{
	err = abs(err);
	return err < MRKM_ERR_MAX ? reasons[err].name : "unknown";
}
