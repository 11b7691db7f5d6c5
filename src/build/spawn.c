// SPDX-License-Identifier: GPL-2.0-or-later
#include "build/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"

/* How long a command that was told to end may take before it is killed. */
#define PATIENCE_MS 5000

struct mkp_signals {
	int fd; /* signalfd; -1: none */
	sigset_t mask, saved;
};

struct mkp_error *mkp_signals_create(struct mkp_signals **ret_signals)
{
	struct mkp_signals *signals = NULL;
	struct mkp_error *error = mkp_array_create(1, sizeof(*signals), &signals);

	if (error)
		return error;
	sigemptyset(&signals->mask);
	sigaddset(&signals->mask, SIGINT);
	sigaddset(&signals->mask, SIGTERM);
	sigaddset(&signals->mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals->mask, &signals->saved);
	signals->fd = signalfd(-1, &signals->mask, SFD_NONBLOCK | SFD_CLOEXEC);
	if (signals->fd < 0) {
		error = mkp_error_create_errno(errno, "signalfd");
		mkp_signals_destroy(signals);
		return error;
	}
	*ret_signals = signals;
	return NULL;
}

void mkp_signals_destroy(struct mkp_signals *signals)
{
	if (!signals)
		return;
	if (signals->fd >= 0)
		close(signals->fd);
	sigprocmask(SIG_SETMASK, &signals->saved, NULL);
	free(signals);
}

struct mkp_error *mkp_signals_check(struct mkp_signals *signals)
{
	struct signalfd_siginfo info;

	if (read(signals->fd, &info, sizeof(info)) != sizeof(info))
		return NULL;
	return mkp_error_create(MKP_ERROR_IO,
				"interrupted (%s): the same command goes on from here",
				strsignal((int)info.ssi_signo));
}

/* Output on its way from the command to the log and to who wants lines. */
struct output {
	const struct mkp_command *command;
	int log;
	char *text; /* a line that is not complete yet */
	size_t size, capacity;
};

static struct mkp_error *hand_over_lines(struct output *output)
{
	char *at = output->text, *end;
	struct mkp_error *error = NULL;

	while (!error && output->size &&
	       (end = memchr(at, '\n', output->size - (size_t)(at - output->text)))) {
		*end = '\0';
		if (output->command->line)
			error = output->command->line(output->command->data, at);
		at = end + 1;
	}
	output->size -= (size_t)(at - output->text);
	memmove(output->text, at, output->size);
	return error;
}

static struct mkp_error *take_output(struct output *output, int fd, bool *ret_end)
{
	struct mkp_error *error = mkp_array_reserve(&output->text, &output->capacity,
						    output->size + 65536, 1);
	ssize_t got;

	if (error)
		return error;
	got = read(fd, output->text + output->size, 65535);
	if (got < 0 && errno == EINTR)
		return NULL;
	*ret_end = got <= 0;
	if (got <= 0)
		return NULL;
	if (output->log >= 0 &&
	    write(output->log, output->text + output->size, (size_t)got) != got)
		return mkp_error_create_errno(errno, "cannot write %s",
					      output->command->log);
	output->size += (size_t)got;
	return hand_over_lines(output);
}

/* Follows the command until its output ends, or we have to stop. */
static struct mkp_error *follow(struct mkp_signals *signals, struct output *output,
				int fd)
{
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
				{ .fd = signals->fd, .events = POLLIN } };
	struct mkp_error *error = NULL;
	bool end = false;

	while (!error && !end) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return mkp_error_create_errno(errno, "poll");
		error = mkp_signals_check(signals);
		if (!error && fds[0].revents)
			error = take_output(output, fd, &end);
	}
	return error;
}

/* In the child: what it starts with. Returns only on failure. */
static void become(struct mkp_signals *signals, const struct mkp_command *command,
		   int out, pid_t parent)
{
	/* execvp() changes none of them; its type is older than const. */
	char *const *argv = (char *const *)(uintptr_t)command->argv;
	int in = open(command->input ? command->input : "/dev/null", O_RDONLY);

	/* A group of its own, so that all of it can be ended; with us it ends as well. */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent || in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0)
		return;
	if (!command->output && dup2(out, 2) < 0)
		return;
	if (command->directory && chdir(command->directory))
		return;
	sigprocmask(SIG_SETMASK, &signals->saved, NULL);
	execvp(command->argv[0], argv);
}

static struct mkp_error *start(struct mkp_signals *signals,
			       const struct mkp_command *command, int out,
			       pid_t *ret_child)
{
	int status[2], code = 0;
	pid_t parent = getpid(), child;

	if (pipe2(status, O_CLOEXEC))
		return mkp_error_create_errno(errno, "pipe");
	child = fork();
	if (!child) {
		become(signals, command, out, parent);
		code = errno;
		/* Without that the parent sees a command that was killed. */
		(void)!write(status[1], &code, sizeof(code));
		raise(SIGKILL);
	}
	close(status[1]);
	if (child < 0)
		code = errno;
	else if (read(status[0], &code, sizeof(code)) != sizeof(code))
		code = 0;
	close(status[0]);
	if (!code) {
		*ret_child = child;
		return NULL;
	}
	if (child > 0)
		waitpid(child, NULL, 0);
	return mkp_error_create_errno(code, "cannot run %s", command->argv[0]);
}

/* Ends what is left of the command's group. */
static void stop(pid_t child)
{
	int status;

	kill(-child, SIGTERM);
	for (int i = 0; i < PATIENCE_MS / 20; i++) {
		if (waitpid(child, &status, WNOHANG) == child)
			return;
		poll(NULL, 0, 20);
	}
	kill(-child, SIGKILL);
	waitpid(child, &status, 0);
}

static struct mkp_error *finish(pid_t child, const struct mkp_command *command,
				int *ret_status)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return mkp_error_create_errno(errno, "waitpid");
	if (WIFSIGNALED(status))
		return mkp_error_create(MKP_ERROR_IO, "%s was killed: %s",
					command->argv[0], strsignal(WTERMSIG(status)));
	*ret_status = WEXITSTATUS(status);
	return NULL;
}

static struct mkp_error *run(struct mkp_signals *signals,
			     const struct mkp_command *command, struct output *output,
			     int *ret_status)
{
	struct mkp_error *error;
	int ends[2];
	pid_t child = -1;

	if (pipe2(ends, O_CLOEXEC))
		return mkp_error_create_errno(errno, "pipe");
	error = start(signals, command, ends[1], &child);
	close(ends[1]);
	if (!error) {
		error = follow(signals, output, ends[0]);
		if (error)
			stop(child);
		else
			error = finish(child, command, ret_status);
	}
	close(ends[0]);
	return error;
}

static struct mkp_error *open_log(const struct mkp_command *command, int *ret_log)
{
	const char *path = command->output ? command->output : command->log;
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC;

	if (!path)
		return NULL;
	*ret_log = open(path, flags | (command->output ? O_TRUNC : O_APPEND), 0666);
	return *ret_log < 0 ? mkp_error_create_errno(errno, "cannot write %s", path)
			    : NULL;
}

struct mkp_error *mkp_spawn(struct mkp_signals *signals,
			    const struct mkp_command *command, int *ret_status)
{
	struct output output = { .command = command, .log = -1 };
	struct mkp_error *error = open_log(command, &output.log);

	if (!error)
		error = mkp_signals_check(signals);
	if (!error)
		error = run(signals, command, &output, ret_status);
	if (output.log >= 0 && close(output.log) && !error)
		error = mkp_error_create_errno(errno, "cannot write %s", command->log);
	free(output.text);
	return error;
}
