// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A receiver's end of the key channel.
 */
#include <string.h>

#include "mrkm/mrkm_receiver.h"

void mrkm_receiver_init(struct mrkm_receiver *receiver,
			const struct mrkm_receiver_callbacks *callbacks,
			void *arg, uint64_t boot, const char *daemon,
			uint16_t instance)
{
	struct mrkm_msg *hello = &receiver->hello;

	memset(receiver, 0, sizeof(*receiver));
	receiver->callbacks = callbacks;
	receiver->arg = arg;
	hello->type = MRKM_MSG_HELLO;
	hello->boot = boot;
	hello->role = MRKM_ROLE_RECEIVER;
	hello->instance = instance;
	memcpy(hello->daemon, daemon, strnlen(daemon, MRKM_DAEMON_MAX));
}

void mrkm_receiver_add_capability(struct mrkm_receiver *receiver,
				  uint8_t protocol, uint32_t algorithms)
{
	struct mrkm_msg *hello = &receiver->hello;

	if (hello->capability_count < MRKM_CAPABILITIES_MAX)
		hello->capabilities[hello->capability_count++] =
			(struct mrkm_capability){ protocol, algorithms };
}

void mrkm_receiver_disconnected(struct mrkm_receiver *receiver)
{
	receiver->session = 0;
}

/* ----------------------------------------------------------------- output */

static int send_msg(struct mrkm_receiver *receiver, struct mrkm_msg *msg)
{
	uint8_t octets[MRKM_MSG_MAX];
	int len, err;

	msg->boot = receiver->hello.boot;
	msg->session = receiver->session;
	len = mrkm_msg_encode(msg, octets, sizeof(octets));
	err = len < 0 ? len
		      : receiver->callbacks->send(receiver->arg, octets, len);
	if (err)
		receiver->counters[MRKM_ERR_OUTPUT]++;
	return err;
}

static int send_status(struct mrkm_receiver *receiver,
		       const struct mrkm_msg *msg, int err,
		       const struct mrkm_msg_result *results, size_t count)
{
	struct mrkm_msg status = { .type = MRKM_MSG_STATUS,
				   .serial = msg->serial,
				   .protocol = msg->protocol,
				   .result = -err,
				   .result_count = count };

	memcpy(status.group, msg->group, sizeof(status.group));
	if (count)
		memcpy(status.results, results, count * sizeof(*results));
	return send_msg(receiver, &status);
}

int mrkm_receiver_report(struct mrkm_receiver *receiver, const char *group,
			 uint8_t protocol, enum mrkm_err result,
			 const struct mrkm_msg_result *results, size_t count)
{
	struct mrkm_msg about = { .protocol = protocol };

	if (!receiver->session)
		return -MRKM_ERR_OUT_OF_SESSION;
	if (count > KEYTABLE_ROWS_MAX)
		return -MRKM_ERR_LIMIT;
	memcpy(about.group, group, strnlen(group, MRKM_NAME_MAX));
	return send_status(receiver, &about, -(int)result, results, count);
}

/* Ends the session; mrkmd answers with a HELLO that starts another. */
static int resync(struct mrkm_receiver *receiver, int err)
{
	struct mrkm_msg msg = { .type = MRKM_MSG_RESYNC, .result = -err };

	send_msg(receiver, &msg);
	receiver->session = 0;
	return err;
}

void mrkm_receiver_change_capability(struct mrkm_receiver *receiver,
				     uint8_t protocol, uint32_t algorithms)
{
	struct mrkm_msg *hello = &receiver->hello;
	struct mrkm_capability *capability = hello->capabilities;
	struct mrkm_capability *end = capability + hello->capability_count;

	while (capability < end && capability->protocol != protocol)
		capability++;
	if (capability == end)
		mrkm_receiver_add_capability(receiver, protocol, algorithms);
	else if (capability->algorithms == algorithms)
		return;
	else
		capability->algorithms = algorithms;
	if (receiver->session)
		resync(receiver, -MRKM_ERR_CAPABILITY);
}

/* ------------------------------------------------------------------ input */

static struct mrkm_order order_of(const struct mrkm_msg *msg)
{
	return (struct mrkm_order){
		.group = msg->group,
		.protocol = msg->protocol,
		.key_chain = msg->key_chain[0] ? msg->key_chain : NULL,
		.boot = msg->boot,
		.session = msg->session,
	};
}

static int on_hello(struct mrkm_receiver *receiver, const struct mrkm_msg *msg)
{
	if (msg->role != MRKM_ROLE_MRKMD)
		return -MRKM_ERR_BAD_SENDER;
	receiver->mrkmd_boot = msg->boot;
	receiver->session = msg->session;
	receiver->serial = 0;
	receiver->unreadable = false;
	return send_msg(receiver, &receiver->hello);
}

static int on_bind(struct mrkm_receiver *receiver, const struct mrkm_msg *msg)
{
	struct mrkm_order order = order_of(msg);
	int err = receiver->callbacks->bind(receiver->arg, &order);

	return send_status(receiver, msg, err, NULL, 0);
}

static int unwrap_rows(struct mrkm_receiver *receiver,
		       const struct mrkm_msg *msg, struct keytable_row *rows)
{
	struct mrkm_wrap_key key;
	int err = 0;

	if (!msg->row_count)
		return 0;
	err = receiver->callbacks->wrap_key(receiver->arg, &key);
	for (size_t i = 0; i < msg->row_count && !err; i++)
		err = mrkm_unwrap_row(&key, msg, &msg->rows[i], &rows[i]);
	mrkm_wrap_key_wipe(&key);
	return err;
}

/*
 * A set whose keys cannot all be read is not taken at all: what is there
 * stays, and mrkmd will say it again.
 */
static int on_keys(struct mrkm_receiver *receiver, const struct mrkm_msg *msg)
{
	struct keytable_row rows[KEYTABLE_ROWS_MAX];
	enum mrkm_err verdict[KEYTABLE_ROWS_MAX] = { 0 }, refused;
	struct mrkm_msg_result results[KEYTABLE_ROWS_MAX];
	struct mrkm_order order = order_of(msg);
	int err = unwrap_rows(receiver, msg, rows);

	if (err) {
		receiver->counters[-err]++;
		receiver->unreadable = true;
	} else {
		err = receiver->callbacks->keys(receiver->arg, &order, rows,
						msg->row_count, verdict);
	}
	keytable_wipe(rows, msg->row_count);
	refused = -err;
	for (size_t i = 0; i < msg->row_count; i++) {
		results[i].id = msg->rows[i].id;
		/* What holds for the key chain holds for each of its keys. */
		results[i].result = verdict[i] ? verdict[i] : refused;
	}
	return send_status(receiver, msg, err, results, msg->row_count);
}

static int on_interfaces(struct mrkm_receiver *receiver,
			 const struct mrkm_msg *msg)
{
	struct mrkm_order order = order_of(msg);
	int err = -MRKM_ERR_PROTOCOL;

	if (receiver->callbacks->interfaces)
		err = receiver->callbacks->interfaces(receiver->arg, &order,
						      msg->interfaces,
						      msg->interface_count);
	return send_status(receiver, msg, err, NULL, 0);
}

static int on_withdraw(struct mrkm_receiver *receiver,
		       const struct mrkm_msg *msg)
{
	struct mrkm_order order = order_of(msg);
	int err = receiver->callbacks->withdraw(receiver->arg, &order);

	return send_status(receiver, msg, err, NULL, 0);
}

static int on_synced(struct mrkm_receiver *receiver, const struct mrkm_msg *msg)
{
	struct mrkm_msg answer = { .type = MRKM_MSG_SYNCED,
				   .serial = msg->serial };

	if (!receiver->unreadable)
		receiver->callbacks->synced(receiver->arg, msg->boot,
					    msg->session);
	return send_msg(receiver, &answer);
}

/* clang-format off */
static int (*const handlers[MRKM_MSG_TYPE_MAX])(struct mrkm_receiver *,
						const struct mrkm_msg *) = {
	[MRKM_MSG_HELLO] = on_hello,
	[MRKM_MSG_BIND] = on_bind,
	[MRKM_MSG_KEYS] = on_keys,
	[MRKM_MSG_WITHDRAW] = on_withdraw,
	[MRKM_MSG_SYNCED] = on_synced,
	[MRKM_MSG_INTERFACES] = on_interfaces,
};
/* clang-format on */

/* Is it what follows in this session? */
static int check_session(const struct mrkm_receiver *receiver,
			 const struct mrkm_msg *msg)
{
	if (msg->type == MRKM_MSG_HELLO)
		return 0;
	if (!handlers[msg->type])
		return -MRKM_ERR_BAD_SENDER;
	if (!receiver->session || msg->session != receiver->session ||
	    msg->boot != receiver->mrkmd_boot)
		return -MRKM_ERR_OUT_OF_SESSION;
	if (msg->serial != receiver->serial + 1)
		return -MRKM_ERR_OUT_OF_ORDER;
	return 0;
}

int mrkm_receiver_input(struct mrkm_receiver *receiver, const uint8_t *octets,
			size_t len)
{
	struct mrkm_msg msg;
	int err = mrkm_msg_decode(&msg, octets, len);
	bool readable = !err;

	if (readable)
		err = check_session(receiver, &msg);
	if (!err) {
		receiver->serial = msg.serial;
		return handlers[msg.type](receiver, &msg);
	}
	receiver->counters[-err]++;
	/*
	 * One RESYNC ends the session.  What is still on its way then, and
	 * what was sent in a session before, is dropped without an answer.
	 */
	if (!readable || err == -MRKM_ERR_OUT_OF_ORDER)
		return resync(receiver, err);
	return err;
}
