// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key channel's way through zebra.
 */
#include <zebra.h>

#include "stream.h"
#include "zclient.h"

#include "mrkm/mrkm_msg.h"
#include "mrkm/mrkm_zapi.h"

/*
 * mrkmd is no routing protocol and has no number in route_types.  zebra takes
 * any from above ZEBRA_ROUTE_LOCAL; this one is the last there is, belongs to
 * no daemon, and differs from every receiver's: a client is not told when
 * another of its own protocol closes.
 */
const struct mrkm_peer mrkm_zapi_mrkmd = {
	.proto = ZEBRA_ROUTE_ALL,
	.instance = MRKM_ZAPI_INSTANCE,
	.session = MRKM_ZAPI_SESSION,
};

/* One ZAPI client of ours a process. */
static const struct mrkm_zapi_callbacks *zapi_callbacks;

static int zapi_message(ZAPI_CALLBACK_ARGS)
{
	struct stream *s = zclient->ibuf;
	struct zapi_opaque_msg info;
	struct mrkm_peer from;

	if (zclient_opaque_decode(s, &info))
		return -1;
	from = (struct mrkm_peer){ info.src_proto, info.src_instance,
				   info.src_session_id };
	zapi_callbacks->message(info.type, &from, stream_pnt(s), info.len);
	return 0;
}

static int zapi_notification(ZAPI_CALLBACK_ARGS)
{
	struct zapi_opaque_notif_info info;
	struct mrkm_peer peer;

	if (zclient_opaque_notif_decode(zclient->ibuf, &info) || info.request)
		return -1;
	peer = (struct mrkm_peer){ info.proto, info.instance, info.session_id };
	if (zapi_callbacks->registered)
		zapi_callbacks->registered(info.msg_type,
					   info.reg ? &peer : NULL);
	return 0;
}

static int zapi_closed(ZAPI_CALLBACK_ARGS)
{
	struct zapi_client_close_info info;
	struct mrkm_peer peer;

	if (zapi_client_close_notify_decode(zclient->ibuf, &info))
		return -1;
	peer = (struct mrkm_peer){ info.proto, info.instance, info.session_id };
	zapi_callbacks->closed(&peer);
	return 0;
}

static zclient_handler *const zapi_handlers[] = {
	[ZEBRA_OPAQUE_MESSAGE] = zapi_message,
	[ZEBRA_OPAQUE_NOTIFY] = zapi_notification,
	[ZEBRA_CLIENT_CLOSE_NOTIFY] = zapi_closed,
};

static void zapi_connected(struct zclient *zclient)
{
	zapi_callbacks->connected();
}

/*
 * "Synchronous" is what zebra calls a client that wants nothing unasked, and
 * whose leaving is not the end of its protocol: no routes are removed then.
 * The client works by events like any other.
 */
struct zclient *mrkm_zapi_new(struct event_loop *loop,
			      const struct mrkm_peer *own,
			      const struct mrkm_zapi_callbacks *callbacks)
{
	struct zclient *zclient = zclient_new(loop, &zclient_options_sync,
					      zapi_handlers,
					      array_size(zapi_handlers));

	zapi_callbacks = callbacks;
	zclient->session_id = own->session;
	zclient->zebra_connected = zapi_connected;
	zclient_init(zclient, own->proto, own->instance, NULL);
	return zclient;
}

void mrkm_zapi_free(struct zclient *zclient)
{
	zclient_stop(zclient);
	zclient_free(zclient);
}

int mrkm_zapi_send(struct zclient *zclient, uint32_t type,
		   const struct mrkm_peer *to, const uint8_t *octets,
		   size_t len)
{
	enum zclient_send_status status;

	if (zclient->sock < 0)
		return -MRKM_ERR_NOT_CONNECTED;
	if (to)
		status = zclient_send_opaque_unicast(zclient, type, to->proto,
						     to->instance, to->session,
						     octets, len);
	else
		status = zclient_send_opaque(zclient, type, octets, len);
	return status == ZCLIENT_SEND_FAILURE ? -MRKM_ERR_OUTPUT : 0;
}

void mrkm_zapi_register(struct zclient *zclient, uint32_t type)
{
	zclient_unregister_opaque(zclient, type);
	zclient_register_opaque(zclient, type);
}

void mrkm_zapi_watch(struct zclient *zclient, uint32_t type)
{
	zclient_opaque_drop_notify(zclient, type);
	zclient_opaque_request_notify(zclient, type);
}
