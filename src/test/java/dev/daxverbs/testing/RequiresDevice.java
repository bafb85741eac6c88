package dev.daxverbs.testing;

import dev.daxverbs.internal.Ibverbs;
import dev.daxverbs.verbs.Device;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.List;

/**
 * A test that needs an RDMA device. Where there is none, it is skipped for one of two reasons, which the report names: libibverbs
 * is not installed, or it lists no device. Anything else that goes wrong with the list is a failure. In the guest, which
 * has devices (system property {@code daxverbs.guest}), so is their absence.
 */
@Tag("rdma")
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(RequiresDevice.Condition.class)
public @interface RequiresDevice {
    /** The names of the devices that must be there. */
    String[] value() default "rxe0";

    /** Decides whether a test can run. */
    final class Condition implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            RequiresDevice required = context.getElement().map(element -> element.getAnnotation(RequiresDevice.class))
                    .orElse(null);
            if (required == null) { // a method of an annotated class, which has been asked about
                return ConditionEvaluationResult.enabled("decided for the class");
            }
            String reason = missing(List.of(required.value()));
            return reason == null ? ConditionEvaluationResult.enabled("the devices are there") : Guest.skipped(reason);
        }

        private static String missing(List<String> names) {
            if (Ibverbs.missing().isPresent()) {
                return Ibverbs.missing().get();
            }
            List<String> present = Device.list().stream().map(Device::name).toList();
            return present.containsAll(names) ? null : "needs the RDMA devices " + names + "; there are " + present;
        }
    }
}
