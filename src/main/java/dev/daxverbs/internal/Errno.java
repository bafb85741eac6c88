package dev.daxverbs.internal;

import dev.daxverbs.bindings.libc.LibC;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** Names of errno values, as {@code errno(3)} has them. */
public final class Errno {
    public static final int EPERM = LibC.EPERM();
    public static final int ENOENT = LibC.ENOENT();
    public static final int EINTR = LibC.EINTR();
    public static final int EBADF = LibC.EBADF();
    public static final int EAGAIN = LibC.EAGAIN();
    public static final int ENOMEM = LibC.ENOMEM();
    public static final int EACCES = LibC.EACCES();
    public static final int EFAULT = LibC.EFAULT();
    public static final int EBUSY = LibC.EBUSY();
    public static final int EEXIST = LibC.EEXIST();
    public static final int ENODEV = LibC.ENODEV();
    public static final int ENOTDIR = LibC.ENOTDIR();
    public static final int EISDIR = LibC.EISDIR();
    public static final int EINVAL = LibC.EINVAL();
    public static final int ENFILE = LibC.ENFILE();
    public static final int EMFILE = LibC.EMFILE();
    public static final int ETXTBSY = LibC.ETXTBSY();
    public static final int EFBIG = LibC.EFBIG();
    public static final int ENOSPC = LibC.ENOSPC();
    public static final int EDQUOT = LibC.EDQUOT();
    public static final int EROFS = LibC.EROFS();
    public static final int ENOLCK = LibC.ENOLCK();
    public static final int ELOOP = LibC.ELOOP();
    public static final int ENXIO = LibC.ENXIO();
    public static final int ESHUTDOWN = LibC.ESHUTDOWN();
    public static final int ENOSYS = LibC.ENOSYS();
    public static final int ENODATA = LibC.ENODATA();
    public static final int EOPNOTSUPP = LibC.EOPNOTSUPP();
    public static final int ETIMEDOUT = LibC.ETIMEDOUT();

    /** Second names of values that have another, more usual one; not used in messages. */
    private static final Set<String> ALIASES = Set.of("EWOULDBLOCK", "EDEADLOCK", "ENOTSUP", "EFSBADCRC", "EFSCORRUPTED");

    private static final Map<Integer, String> NAMES = names();

    private Errno() {
    }

    /**
     * The symbol of an errno value.
     *
     * @param errno the value, positive
     * @return for instance {@code EINVAL}, or {@code errno 999} for a value that has no symbol
     */
    public static String name(int errno) {
        return NAMES.getOrDefault(errno, "errno " + errno);
    }

    private static Map<Integer, String> names() {
        Map<Integer, String> names = new HashMap<>();
        for (Method method : LibC.class.getMethods()) {
            String name = method.getName();
            boolean constant = Modifier.isStatic(method.getModifiers()) && method.getParameterCount() == 0
                    && method.getReturnType() == int.class;
            if (constant && name.matches("E[A-Z0-9]+") && !ALIASES.contains(name)) {
                try {
                    names.put((int) method.invoke(null), name);
                } catch (ReflectiveOperationException e) {
                    throw new AssertionError(e);
                }
            }
        }
        return Map.copyOf(names);
    }
}
