// The factors from Bq/ml to SUV that OHIF computes, from the attributes that it gives to the package.
import { calculateSUVScalingFactors } from '@cornerstonejs/calculate-suv';
import { serve } from './lines.js';

await serve(async ({ instances }) => ({ factors: calculateSUVScalingFactors(instances).map((one) => one.suvbw) }));
