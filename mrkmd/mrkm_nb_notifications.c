// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Northbound: notifications.
 */
#include <zebra.h>

#include "linklist.h"
#include "northbound.h"
#include "yang.h"

#include "mrkmd/mrkm_nb.h"

/* Octets of a notification's XPath. */
#define NOTIFICATION_MAX 64

/* One leaf of the notification, unless there is nothing to say. */
static void add(struct list *arguments, const char *xpath, const char *leaf,
		const char *value)
{
	char path[XPATH_MAXLEN];

	if (!value)
		return;
	snprintf(path, sizeof(path), "%s/%s", xpath, leaf);
	listnode_add(arguments, yang_data_new_string(path, value));
}

static struct list *begin(char *xpath, size_t size, const char *name,
			  const char *group)
{
	struct list *arguments = yang_data_list_new();

	snprintf(xpath, size, "/frr-mrkmd:%s", name);
	add(arguments, xpath, "group", group);
	return arguments;
}

/*
 * XPath: /frr-mrkmd:registered and the other notifications of a member
 */
void mrkm_notify_member(const struct mrkm_notification *notification)
{
	char xpath[NOTIFICATION_MAX];
	struct list *arguments = begin(xpath, sizeof(xpath), notification->name,
				       notification->group);

	add(arguments, xpath, "key-server", notification->address);
	add(arguments, xpath, "reason", notification->reason);
	nb_notification_send(xpath, arguments);
}

/*
 * XPath: /frr-mrkmd:member-registered and the others of a key server
 */
void mrkm_notify_server(const struct mrkm_notification *notification)
{
	char xpath[NOTIFICATION_MAX];
	struct list *arguments = begin(xpath, sizeof(xpath), notification->name,
				       notification->group);

	add(arguments, xpath, "member", notification->peer);
	add(arguments, xpath, "address", notification->address);
	add(arguments, xpath, "reason", notification->reason);
	nb_notification_send(xpath, arguments);
}

/*
 * XPath: /frr-mrkmd:key-refused
 */
void mrkm_notify_key_refused(const struct mrkm_notification *notification)
{
	char xpath[NOTIFICATION_MAX];
	struct list *arguments =
		begin(xpath, sizeof(xpath), "key-refused", notification->group);

	add(arguments, xpath, "protocol", notification->protocol);
	add(arguments, xpath, "key-chain", notification->key_chain);
	add(arguments, xpath, "daemon", notification->daemon);
	add(arguments, xpath, "reason", notification->reason);
	nb_notification_send(xpath, arguments);
}
