// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * INFORMATIONAL (RFC 7296 section 1.4).
 */
#include "gikev2/gikev2_int.h"

static bool deletes_ike(const struct gikev2_payloads *payloads)
{
	for (size_t i = 0; i < payloads->count; i++)
		if (payloads->item[i].type == GIKEV2_PLD_DELETE &&
		    payloads->item[i].delete.protocol == GIKEV2_PROTO_IKE)
			return true;
	return false;
}

/* Liveness, Delete, or an error that the peer reports. */
int gikev2_info_request(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	const struct gikev2_pld_notify *notify =
		gikev2_notify_error(rx->payloads);
	bool deleted = deletes_ike(rx->payloads);
	int err = notify ? gikev2_err_from_notify(notify->type) : 0;
	int ret = gikev2_respond_notify(ike, rx, 0, NULL, 0);

	if (ret < 0)
		return ret;
	if (err == -GIKEV2_ERR_AUTH_FAILED || err == -GIKEV2_ERR_BAD_SYNTAX)
		gikev2_ike_end(ike, err, rx->now);
	else if (deleted)
		gikev2_ike_end(ike, -GIKEV2_ERR_DELETED, rx->now);
	return 0;
}

int gikev2_info_response(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	const struct gikev2_pld_notify *notify =
		gikev2_notify_error(rx->payloads);

	(void)ike;
	return notify ? gikev2_err_from_notify(notify->type) : 0;
}

int gikev2_delete_response(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	gikev2_ike_end(ike, -GIKEV2_ERR_ADMIN, rx->now);
	return 0;
}
